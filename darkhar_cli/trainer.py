"""How one experiment's models are built, fed, trained for an epoch and asked for logits."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from darkhar_cli import console, device, registry
from darkhar_cli.clips import TEST, Clips
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor, weights_hash
from darkhar_cli.features import FeatureInputs, FrameInputs
from darkhar_cli.folds import Plan
from darkhar_cli.layers import EnhanceFrames, ResizeFrames
from darkhar_cli.model import Part, assemble, build_classifier, build_extractor, frame_model
from darkhar_cli.randomness import SCORING, key_of, shuffled

_SCORED_AT_A_TIME = 32
_AHEAD = 10  # epochs whose random frames are decoded together


@dataclass(frozen=True)
class Experiment:
    """What is run: four parts as (name, parameters), the seed, and the `train` settings."""

    sampler: Part
    enhance: list[Part]
    extractor: Part
    classifier: Part
    seed: int
    train: Mapping[str, Any]


class Learner:
    """The model that learns: `model` is trained, `whole` is what is saved.

    One model, traced once, serves every fold: `renew` gives it back the weights, random states and optimizer of its
    first moment, so that a fold starts as a newly built model does (its weights hash is kept as evidence).
    """

    def __init__(self, model: Any, whole: Any, frozen: Sequence[Any] = ()):
        self.model, self.whole = model, whole
        model.optimizer.build(model.trainable_variables)
        kept = {id(variable) for variable in frozen}
        variables = [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in kept]
        self._first = [(variable, keras.ops.convert_to_numpy(variable)) for variable in variables]

    def renew(self) -> None:
        """Put everything that training changes back to its first value."""
        for variable, value in self._first:
            variable.assign(value)

    def weights_hash(self) -> str:
        """Return a hash of all weights as they are now."""
        return weights_hash(self.model)


def resolve_mode(asked: str, extractor: Extractor) -> tuple[str, str]:
    """Return `end_to_end` or `features` for `train.mode`, and the reason.

    Raises:
        BadRequest: the extractor does not allow what was asked for.
    """
    if asked == "auto":
        if extractor.trainable:
            return "end_to_end", f"{extractor.name} learns"
        return "features", f"enhancement and {extractor.name} are frozen, so each frame is computed once"
    if asked == "end_to_end" and extractor.backend == "host":
        raise BadRequest(
            f"train.mode=end_to_end: extractor {extractor.name!r} runs on the host; use train.mode=features"
        )
    if asked == "features" and extractor.trainable:
        raise BadRequest(f"train.mode=features: extractor {extractor.name!r} learns; use train.mode=end_to_end")
    return asked, "as asked"


class Trainer:
    """Builds and trains the models of one experiment on one data set.

    Raises:
        BadRequest: weights that do not fit, or a mode the extractor does not allow.
    """

    def __init__(self, experiment: Experiment, clips: Clips):
        self.experiment, self.clips, self.train = experiment, clips, experiment.train
        self.sampler = registry.get("sampler", experiment.sampler[0])(**experiment.sampler[1])
        keras.utils.set_random_seed(experiment.seed)
        self.extractor = build_extractor(experiment.extractor)
        self.mode, self.why = resolve_mode(self.train["mode"], self.extractor)
        enhance, resize = EnhanceFrames(experiment.enhance), ResizeFrames(self.extractor.size)
        if self.mode == "features":
            self.inputs: FeatureInputs | FrameInputs = FeatureInputs(clips, enhance, resize, self.extractor)
        else:
            self.inputs = FrameInputs(clips, enhance, resize)
        self._learner = self._build()

    def extractor_facts(self) -> dict[str, Any]:
        """Return the extractor's name, backend and weights hash for run.json."""
        known = self.extractor
        return {"name": known.name, "backend": known.backend, "weights_hash": known.weights_hash}

    def positions(self, rows: Sequence[int], epoch: int) -> list[np.ndarray]:
        """Return the sampled frame positions (T,) of each row, in training (epoch >= 0) or scoring."""
        drawn = []
        for row in rows:
            clip = self.clips.table.loc[row]
            key = key_of(self.experiment.seed, epoch, clip["digest"])
            try:
                picked, mask = self.sampler(clip["n_frames"], clip["fps"], training=epoch != SCORING, key=key)
            except BadRequest as problem:
                raise BadRequest(f"{clip['id']}: {problem}") from problem
            drawn.append(picked[0][mask[0]].astype(np.int64))
        return drawn

    def short_clips(self) -> int:
        """Return how many clips have fewer frames than the sampler takes."""
        frames = self.sampler.frames
        return int((self.clips.table["n_frames"] < frames).sum()) if isinstance(frames, int) else 0

    def prepare(self, plan: Plan) -> None:
        """Compute the features that scoring and the first epochs need, with progress, before the first fold."""
        if not isinstance(self.inputs, FeatureInputs):
            return
        rows = {row for fold in plan.folds for row in (*fold.train, *fold.validation)}
        ordered = sorted(rows | set(self.clips.rows(TEST)))
        wanted = self._needed(ordered, [SCORING, *self._epochs_from(0)])
        with console.progress("frames", sum(map(len, wanted))) as progress:
            self.inputs.fill(ordered, wanted, progress.advance)

    def _epochs_from(self, epoch: int) -> range:
        return range(epoch, min(epoch + _AHEAD, self.train["epochs"]))

    def _needed(self, rows: Sequence[int], epochs: Sequence[int]) -> list[np.ndarray]:
        """Return each row's distinct positions over some epochs: clips are then decoded once for all of them."""
        draws = [self.positions(rows, epoch) for epoch in epochs]
        return [np.unique(np.concatenate(per_row)) for per_row in zip(*draws, strict=True)]

    def learner(self) -> Learner:
        """Return the model as it is before training; its weights follow from the run's seed alone."""
        self._learner.renew()
        return self._learner

    def _build(self) -> Learner:
        parts, extractor = self.experiment, self.extractor
        if not extractor.trainable:  # a head's first weights do not depend on which frozen extractor it follows
            keras.utils.set_random_seed(parts.seed)
        classifier = build_classifier(parts.classifier, extractor.features, len(self.clips.classes))
        model = whole = classifier
        frozen: Sequence[Any] = ()
        if self.mode == "end_to_end":
            whole = assemble(parts.sampler, parts.enhance, extractor, classifier, parts.seed)
            model = frame_model(whole.per_frame, classifier, extractor.size)
            frozen = () if extractor.trainable else extractor.model.variables
        rule = {"class_name": self.train["optimizer"], "config": {"learning_rate": self.train["learning_rate"]}}
        model.compile(
            optimizer=keras.optimizers.get(rule),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile="auto" if device.on_gpu() else False,  # XLA; Keras leaves it off in deterministic runs
        )
        return Learner(model, whole, frozen)

    def train_epoch(self, learner: Learner, rows: Sequence[int], epoch: int) -> dict[str, float]:
        """Show every row once, in batches and in an order drawn for this epoch; return mean loss and accuracy."""
        size = self.train["batch_per_class"] * len(self.clips.classes)
        order = shuffled(self.experiment.seed, epoch, self.clips.table.loc[list(rows), "digest"].tolist())
        ordered = [rows[i] for i in order]
        batches = [ordered[i : i + size] for i in range(0, len(ordered), size)]
        if isinstance(self.inputs, FeatureInputs) and epoch % _AHEAD == 0:
            self.inputs.fill(rows, self._needed(rows, self._epochs_from(epoch)))
        sums = {"loss": 0.0, "accuracy": 0.0}
        with ThreadPoolExecutor(1) as ahead:  # the next batch is made while this one trains
            coming = ahead.submit(self._batch, batches[0], epoch)
            for number, batch in enumerate(batches):
                inputs = coming.result()
                if number + 1 < len(batches):
                    coming = ahead.submit(self._batch, batches[number + 1], epoch)
                labels = np.array(self.clips.labels(batch))
                learner.model.reset_metrics()
                logs = learner.model.train_on_batch(inputs, labels, return_dict=True)
                sums = {key: total + float(logs[key]) * len(batch) for key, total in sums.items()}
        return {key: total / len(rows) for key, total in sums.items()}

    def _batch(self, rows: Sequence[int], epoch: int) -> list[np.ndarray]:
        return list(self.inputs.load(rows, self.positions(rows, epoch)))

    def logits(self, learner: Learner, rows: Sequence[int]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return logits (N, K) float32 of rows in scoring, and their frame positions."""
        positions = self.positions(rows, SCORING)
        out = []
        for start in range(0, len(rows), _SCORED_AT_A_TIME):
            part = slice(start, start + _SCORED_AT_A_TIME)
            out.append(learner.model.predict_on_batch(list(self.inputs.load(rows[part], positions[part]))))
        return np.concatenate(out), positions

    def watch(self, learner: Learner, rows: Sequence[int]) -> dict[str, float]:
        """Return loss and accuracy on the inner part."""
        logits, _ = self.logits(learner, rows)
        truth = np.array(self.clips.labels(rows))
        losses = keras.losses.sparse_categorical_crossentropy(truth, logits, from_logits=True)
        right = float((logits.argmax(axis=1) == truth).mean())
        return {"inner_loss": float(np.mean(losses)), "inner_accuracy": right}
