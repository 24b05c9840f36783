"""How one experiment's models are built, fed, trained for an epoch and asked for logits."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.special import logsumexp

from darkhar_cli import console
from darkhar_cli.data.clip_dataset import TEST, Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest
from darkhar_cli.features.appearance import darkened_luma
from darkhar_cli.models.fusion import mean_log_probability
from darkhar_cli.randomness import SCORING, shuffled, spread_evenly
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.stopping import leaving
from darkhar_cli.training import adapt, logistic_solver
from darkhar_cli.training.augmentation import Augmentations, Turn
from darkhar_cli.training.branches import Branch, plan_branches
from darkhar_cli.training.compiled_model import Batch, Learner
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.model_factory import build_learner
from darkhar_cli.training.scored_inputs import ScoredInputs
from darkhar_cli.training.stream import Stream
from darkhar_cli.training.train_step import balanced_weights

_SCORED_AT_A_TIME = 32
_AHEAD = 10  # epochs whose random frames are computed together: clips are then decoded once for all of them
_CHUNK_BYTES = 1 << 26  # features handed to the compiled loop at a time


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
        self.experiment, self.clips, self.train = experiment, clips, experiment.setting.train
        self.seed = experiment.setting.seed
        self.augment = Augmentations(experiment.augment, experiment.reversals, self.seed)
        self.branches = plan_branches(experiment, clips, self.augment.needs_frames, report)
        self.streams: list[Stream] = list(dict.fromkeys(s for branch in self.branches for s in branch.streams))
        self.mode, self.why = self.streams[0].mode, "; ".join(dict.fromkeys(s.why for s in self.streams))
        self.augment.refuse_unseen(self.mode, self.why)
        self._digests = clips.table["digest"].to_dict()
        self._labels = clips.labels(clips.table.index)
        self._class_weights: np.ndarray | None = None
        self._scored = ScoredInputs(self.branches, self.mode == "features", experiment.score_mirrored)
        self._refuse_reversal()
        self._learner = build_learner(self.branches, len(clips.classes), self.train, self.seed)

    def _refuse_reversal(self) -> None:
        """Let augmentations say at once that they do not know the classes."""
        for label in range(len(self.clips.classes)):
            self.augment.listed(label)
        if self.experiment.score_mirrored and self.mode == "features":
            for stream in self.streams:
                known = stream.extractor
                if known.symmetry is None:
                    how = "; give train.mode=end_to_end, which mirrors frames" if known.backend == "keras" else ""
                    what = f"features of extractor {known.name!r} have no mirror image"
                    raise BadRequest(f"score_mirrored=true: {what}{how}")

    @property
    def solved(self) -> bool:
        """Return whether nothing is left to train by steps: every head is solved at once."""
        return not self._learner.model.trainable_variables

    @property
    def epochs(self) -> int:
        """Return for how many epochs a fold is trained at most."""
        return 1 if self.solved else self.train.epochs

    def extractor_facts(self) -> dict[str, Any]:
        """Return the extractors' names, backends and weights hashes for run.json."""
        facts = [stream.facts() for stream in self.streams]
        return {key: "|".join(dict.fromkeys(str(one[key]) for one in facts)) for key in facts[0]}

    def frames_text(self, rows: Sequence[int], darkening: Darkening | None = None) -> list[str]:
        """Return what positions each row is scored at: views apart by `|`, streams that differ by `;`."""
        ways = [darkening] * len(rows)
        texts = [[_text(views) for views in stream.positions(rows, SCORING, ways)] for stream in self.streams]
        return [" ; ".join(dict.fromkeys(of_row)) for of_row in zip(*texts, strict=True)]

    def prepare(self, plan: Plan, epochs: int) -> None:
        """Compute the features that scoring and the first `epochs` need, with progress, before the first fold."""
        fitted = sorted({row for fold in plan.folds for row in fold.train})
        scored = sorted({row for fold in plan.folds for row in fold.validation} | set(self.clips.rows(TEST)))
        for stream in self.streams:
            stream.fill(sorted({*fitted, *scored}), [SCORING, *range(min(epochs, self.epochs))], [None])
            if fitted:
                ways = [way for way in self.augment.darkenings() if way]
                stream.fill(fitted, [SCORING, *range(min(epochs, self.epochs))], ways)
            if self.experiment.darkening:
                stream.fill(scored, [SCORING], [self.experiment.darkening])
        if self.experiment.darkening and "luma" in self.clips.table:
            cache, table = self.experiment.setting.cache, self.clips.table
            table.loc[scored, "darkened_luma"] = darkened_luma(self.clips, cache, scored, self.experiment.darkening)

    def learner(self, fresh: bool = True) -> Learner:
        """Return the learner of a fold: a fresh model, unless it carries on with what it learnt."""
        if fresh:
            self._learner.renew()
        return self._learner

    def begin(self, learner: Learner, fold: Fold, fit: Sequence[int]) -> None:
        """Get ready for a fold: its training labels, class weights, the statistics heads take, solved heads.

        Args:
            learner: the fold's.
            fold: which.
            fit: the rows to fit.
        """
        self._scored.forget()
        self._labels = self.clips.labels(self.clips.table.index)
        if self.train.shuffle_labels == "clips":
            digests = self.clips.table.loc[fold.train, "digest"].tolist()
            order = shuffled(self.seed, fold.index, [f"labels/{fold.repeat}/{d}" for d in digests])
            for row, label in zip(fold.train, self.clips.labels([fold.train[i] for i in order]), strict=True):
                self._labels[row] = label
        self._class_weights = None
        if self.train.class_weight == "balanced":
            self._class_weights = balanced_weights([self._labels[row] for row in fit], len(self.clips.classes))
        for number, head in enumerate(learner.heads()):
            if not (adapt.adaptable(head) or logistic_solver.solvable(head)):
                continue
            batches, labels = self._shown(learner, number, fit)
            adapt.adapt(head, batches)
            if logistic_solver.solvable(head):
                logistic_solver.solve(head, batches, labels, self._class_weights)

    def _shown(
        self, learner: Learner, number: int, rows: Sequence[int]
    ) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
        """Return a branch's features and masks of rows in all views and turns that can be counted, and their labels."""
        batches, labels, branch = [], [], self.branches[number]
        shown = [(row, turn) for row in rows for turn in self.augment.listed(self._labels[row])]
        for start in range(0, len(shown), _SCORED_AT_A_TIME):
            some, turns = zip(*shown[start : start + _SCORED_AT_A_TIME], strict=True)
            for view in range(branch.views()):
                inputs = self._load(branch, some, turns, SCORING, view)
                batches.append((learner.features(number, inputs), inputs[1]))
                labels += [turn.label for turn in turns]
        return batches, np.array(labels)

    def train_epoch(self, learner: Learner, rows: Sequence[int], epoch: int) -> dict[str, float]:
        """Show every row once, in batches and in an order drawn for this epoch; return what `Learner.train` does."""
        if self.train.schedule == "cosine":
            learner.set_rate(self.train.learning_rate * 0.5 * (1 + math.cos(math.pi * epoch / self.epochs)))
        digests = [self._digests[row] for row in rows]
        order = shuffled(self.seed, epoch, digests)
        if self.train.balanced_batches:
            order = spread_evenly(self.seed, epoch, digests, [self._labels[row] for row in rows])
        if self.mode == "features" and epoch % _AHEAD == 0:
            for stream in self.streams:
                stream.fill(rows, range(epoch, min(epoch + _AHEAD, self.epochs)), self.augment.darkenings())
        size = self.train.batch_per_class * len(self.clips.classes)
        branches = [self.branches[i] for i in learner.learning]
        batches = self._batches(branches, [rows[i] for i in order], epoch, size)
        return learner.train(batches, size, self._class_weights)

    def _batches(self, branches: Sequence[Branch], rows: Sequence[int], epoch: int, size: int) -> Iterator[Batch]:
        """Yield an epoch's batches, each made while the one before trains; features come many batches at a time."""
        at_a_time = size
        if self.mode == "features":
            clip = sum(branch.bytes(rows) for branch in branches)
            at_a_time *= max(1, _CHUNK_BYTES // (clip * size))
        parts = [rows[start : start + at_a_time] for start in range(0, len(rows), at_a_time)]

        def make(part: Sequence[int]) -> Batch:
            turns = [self.augment.drawn(self._digests[row], self._labels[row], epoch) for row in part]
            inputs = [one for branch in branches for one in self._load(branch, part, turns, epoch)]
            return inputs, np.array([turn.label for turn in turns])

        if len(parts) == 1:
            yield make(parts[0])
            return
        with leaving(ThreadPoolExecutor(1)) as ahead:
            coming = ahead.submit(make, parts[0])
            for following in [*parts[1:], None]:
                batch = coming.result()
                coming = ahead.submit(make, following) if following else coming
                yield batch

    def _load(
        self, branch: Branch, rows: Sequence[int], turns: Sequence[Turn], epoch: int, view: int = 0
    ) -> list[np.ndarray]:
        """Return a branch's input (B, T, ...) and mask of rows as they turn out."""
        digests, on_frames = [self._digests[row] for row in rows], self.mode != "features"

        def turned(stream: Stream, seen: Sequence[np.ndarray]) -> list[np.ndarray]:
            given = zip(turns, digests, seen, strict=True)
            return [self.augment.apply(turn, clip, one, stream.extractor, on_frames) for turn, clip, one in given]

        backwards = [self.augment.backwards(turn) for turn in turns]
        return branch.load(rows, epoch, view, [turn.darkening for turn in turns], turned, backwards)

    def logits(
        self, learner: Learner, rows: Sequence[int], darkening: Darkening | None = None, keep: bool = False
    ) -> np.ndarray:
        """Return logits (N, K) float32 of rows in scoring: the mean log-probability where there are several views.

        With `keep` features stay in memory until the next fold, as far as there is room.
        """
        found = []
        for start in range(0, len(rows), _SCORED_AT_A_TIME):
            inputs = self._scored.views(rows[start : start + _SCORED_AT_A_TIME], darkening, keep)
            found.append(mean_log_probability([learner.logits(view) for view in inputs]))
        return np.concatenate(found)

    def measure(self, learner: Learner, rows: Sequence[int]) -> dict[str, float]:
        """Return loss and accuracy of training clips as scored clips have them.

        The loss is the mean cross-entropy (nats) of the fused logits: frames as in scoring, no augmentation, no
        dropout, no penalties, no class weights; so the losses of any clips can be compared.
        """
        logits = self.logits(learner, rows, keep=True).astype(np.float64)
        truth = np.array([self._labels[row] for row in rows])
        losses = logsumexp(logits, axis=1) - logits[np.arange(len(truth)), truth]
        return {"loss": float(losses.mean()), "accuracy": float((logits.argmax(axis=1) == truth).mean())}


def _text(views: Sequence[np.ndarray]) -> str:
    return " | ".join(" ".join(f"{p:.2f}".rstrip("0").rstrip(".") for p in view.tolist()) for view in views)
