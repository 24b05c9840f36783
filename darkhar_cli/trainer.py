"""How one experiment's models are built, fed, trained for an epoch and asked for logits."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from darkhar_cli import console, registry
from darkhar_cli.bank import Bank
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.clips import TEST, Clips
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.features import FeatureInputs
from darkhar_cli.folds import Fold, Plan
from darkhar_cli.frames import FrameInputs, HostFrames
from darkhar_cli.frozen import Frozen, freeze
from darkhar_cli.learner import Batch, Learner, compile_model, head_learner
from darkhar_cli.model import Part, assemble, build_classifier, build_extractor, frame_model
from darkhar_cli.randomness import SCORING, key_of, shuffled

_SCORED_AT_A_TIME = 32
_AHEAD = 10  # epochs whose random frames are computed together: clips are then decoded once for all of them
_CHUNK_BYTES = 1 << 26  # features handed to the compiled loop at a time
_FLOW_BYTES = 1 << 30  # prepared frames on their way to the engine


@dataclass(frozen=True)
class Experiment:
    """What is run: four parts as (name, parameters), the seed, and the `train` and `runtime` settings."""

    sampler: Part
    enhance: list[Part]
    extractor: Part
    classifier: Part
    seed: int
    train: Mapping[str, Any]
    runtime: Mapping[str, Any]
    cache: Path


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

    Args:
        experiment: what is run.
        clips: on what.
        report: told of damaged features.

    Raises:
        BadRequest: weights that do not fit, or a mode the extractor does not allow.
    """

    def __init__(self, experiment: Experiment, clips: Clips, report: Callable[[str], None] = console.warn):
        self.experiment, self.clips, self.train = experiment, clips, experiment.train
        self.sampler = registry.get("sampler", experiment.sampler[0])(**experiment.sampler[1])
        keras.utils.set_random_seed(experiment.seed)
        self.extractor = build_extractor(experiment.extractor)
        self.mode, self.why = resolve_mode(self.train["mode"], self.extractor)
        self.frozen: Frozen | None = None
        if self.mode == "features":
            self.frozen = freeze(
                experiment.extractor, self.extractor, experiment.enhance, experiment.runtime, experiment.seed
            )
            self.extractor = self.frozen.extractor
        last = self.frozen.last if self.frozen else None
        whole = self.frozen.whole if self.frozen else None
        frames = HostFrames(clips, experiment.enhance, self.extractor.size, last, whole)
        self.inputs: FeatureInputs | FrameInputs = FrameInputs(frames)
        if self.frozen:
            bank = Bank(experiment.cache, self.frozen.about)
            self.inputs = FeatureInputs(
                clips.table, bank, frames, self.frozen.engine, self.frozen.unit, report, at_a_time=self._at_a_time()
            )
        columns = (clips.table[key].tolist() for key in ("id", "digest", "n_frames", "fps"))
        self._about = dict(zip(clips.table.index.tolist(), zip(*columns, strict=True), strict=True))
        self._labels = clips.labels(clips.table.index)
        self._learner = self._build()

    def _at_a_time(self) -> int:
        """Return how many frames of a clip may be prepared together: as many as all cores' share of memory holds."""
        height, width = self.extractor.size or self.clips.table[["height", "width"]].max()
        return max(16, int(_FLOW_BYTES // ((os.cpu_count() or 1) + 1) // (height * width * 12)))

    def extractor_facts(self) -> dict[str, Any]:
        """Return the extractor's name, backend and weights hash for run.json."""
        known = self.extractor
        weights = self.frozen.about["weights"] if self.frozen else known.weights_hash  # random ones have a hash too
        return {"name": known.name, "backend": known.backend, "weights_hash": weights}

    def positions(self, rows: Sequence[int], epoch: int) -> list[np.ndarray]:
        """Return the sampled frame positions (T,) of each row, in training (epoch >= 0) or scoring."""
        drawn = []
        for row in rows:
            name, digest, n_frames, fps = self._about[row]
            key = key_of(self.experiment.seed, epoch, digest)
            try:
                picked, mask = self.sampler(n_frames, fps, training=epoch != SCORING, key=key)
            except BadRequest as problem:
                raise BadRequest(f"{name}: {problem}") from problem
            drawn.append(picked[0][mask[0]].astype(np.int64))
        return drawn

    def short_clips(self) -> int:
        """Return how many clips have fewer frames than the sampler takes."""
        frames = self.sampler.frames
        return int((self.clips.table["n_frames"] < frames).sum()) if isinstance(frames, int) else 0

    def prepare(self, plan: Plan, epochs: int) -> None:
        """Compute the features that scoring and the first `epochs` need, with progress, before the first fold."""
        if not isinstance(self.inputs, FeatureInputs):
            return
        rows = {row for fold in plan.folds for row in (*fold.train, *fold.validation)}
        wanted = self._needed(sorted(rows | set(self.clips.rows(TEST))), [SCORING, *range(epochs)])
        missing = self.inputs.missing(wanted)
        with console.progress("frames", missing, rate=True) as progress:
            self.inputs.fill(wanted, progress.advance)

    def _needed(self, rows: Sequence[int], epochs: Sequence[int]) -> list[tuple[int, np.ndarray]]:
        """Return what some epochs need, clip by clip."""
        draws = [self.positions(rows, epoch) for epoch in epochs]
        return [(row, draw[i]) for i, row in enumerate(rows) for draw in draws]

    def learner(self, fresh: bool = True) -> Learner:
        """Return the model as it is before training; its weights follow from the run's seed alone.

        Without `fresh` it is as the last fold left it.
        """
        if fresh:
            self._learner.renew()
        return self._learner

    def begin(self, learner: Learner, fold: Fold, fit: Sequence[int]) -> None:
        """Get ready for a fold: its training labels, and the statistics a classifier takes of the rows to fit."""
        self._labels = self.clips.labels(self.clips.table.index)
        if self.train["shuffle_labels"]:
            digests = self.clips.table.loc[fold.train, "digest"].tolist()
            order = shuffled(self.experiment.seed, fold.index, [f"labels/{fold.repeat}/{d}" for d in digests])
            for row, label in zip(fold.train, self.clips.labels([fold.train[i] for i in order]), strict=True):
                self._labels[row] = label
        layers = learner.adaptable()
        if layers:
            batches = [self.inputs.load(*part) for part in self._scored(fit)]
            values = np.concatenate([learner.features(inputs)[inputs[1]] for inputs in batches])
            for layer in layers:
                layer.adapt(values.astype(np.float32))

    def _scored(self, rows: Sequence[int]) -> Iterator[tuple[Sequence[int], list[np.ndarray]]]:
        """Yield rows and their positions in scoring, a few clips at a time."""
        positions = self.positions(rows, SCORING)
        for start in range(0, len(rows), _SCORED_AT_A_TIME):
            part = slice(start, start + _SCORED_AT_A_TIME)
            yield rows[part], positions[part]

    def _build(self) -> Learner:
        parts, extractor = self.experiment, self.extractor
        if not extractor.trainable:  # a head's first weights do not depend on which frozen extractor it follows
            keras.utils.set_random_seed(parts.seed)
        timeline, classes = Timeline(extractor.features, extractor.channels), len(self.clips.classes)
        if self.mode == "features":
            shape = json.dumps([parts.classifier, registry.source_hash("classifier", parts.classifier[0])])
            return head_learner(
                f"{shape} {timeline} {classes}",
                lambda: build_classifier(parts.classifier, timeline, classes),
                self.train,
            )
        classifier = build_classifier(parts.classifier, timeline, classes)
        whole = assemble(parts.sampler, parts.enhance, extractor, classifier, parts.seed)
        model = frame_model(whole.per_frame, classifier, extractor.size)
        compile_model(model, self.train)
        return Learner(model, whole, () if extractor.trainable else extractor.model.variables)

    def train_epoch(self, learner: Learner, rows: Sequence[int], epoch: int) -> dict[str, float]:
        """Show every row once, in batches and in an order drawn for this epoch; return mean loss and accuracy."""
        order = shuffled(self.experiment.seed, epoch, self.clips.table.loc[list(rows), "digest"].tolist())
        if isinstance(self.inputs, FeatureInputs) and epoch % _AHEAD == 0:
            self.inputs.fill(self._needed(rows, range(epoch, min(epoch + _AHEAD, self.train["epochs"]))))
        size = self.train["batch_per_class"] * len(self.clips.classes)
        return learner.train(self._batches([rows[i] for i in order], epoch, size), size)

    def _batches(self, rows: Sequence[int], epoch: int, size: int) -> Iterator[Batch]:
        """Yield an epoch's batches, each made while the one before trains; features come many batches at a time."""
        positions, at_a_time = self.positions(rows, epoch), size
        if self.mode == "features":
            clip = max(map(len, positions)) * self.extractor.features * 4
            at_a_time *= max(1, _CHUNK_BYTES // (clip * size))
        parts = [slice(start, start + at_a_time) for start in range(0, len(rows), at_a_time)]

        def make(part: slice) -> Batch:
            return self.inputs.load(rows[part], positions[part]), np.array([self._labels[row] for row in rows[part]])

        if len(parts) == 1:
            yield make(parts[0])
            return
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(make, parts[0])
            for following in [*parts[1:], None]:
                batch = coming.result()
                coming = ahead.submit(make, following) if following else coming
                yield batch

    def logits(self, learner: Learner, rows: Sequence[int]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Return logits (N, K) float32 of rows in scoring, and their frame positions."""
        parts = [learner.logits(self.inputs.load(*part)) for part in self._scored(rows)]
        return np.concatenate(parts), self.positions(rows, SCORING)

    def watch(self, learner: Learner, rows: Sequence[int]) -> dict[str, float]:
        """Return loss and accuracy on the inner part."""
        logits, _ = self.logits(learner, rows)
        truth = np.array([self._labels[row] for row in rows])
        losses = keras.losses.sparse_categorical_crossentropy(truth, logits, from_logits=True)
        right = float((logits.argmax(axis=1) == truth).mean())
        return {"inner_loss": float(np.mean(losses)), "inner_accuracy": right}
