"""What all folds of one experiment share on one data set: the plan, its streams, its model."""

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from darkhar_cli import console
from darkhar_cli.data.clip_dataset import TEST, Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.features.appearance import darkened_luma
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.features.memory_cache import MemoryCache
from darkhar_cli.randomness import SCORING
from darkhar_cli.runs.stream_facts import StreamFacts
from darkhar_cli.splits.plan import Plan
from darkhar_cli.training.augmentation import Augmentations
from darkhar_cli.training.branches import branches_on, build_branches
from darkhar_cli.training.execution_plan import ExecutionPlan
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.model_factory import build_compiled_model
from darkhar_cli.training.planning import plan_execution
from darkhar_cli.training.stream import Stream


@dataclass(frozen=True)
class WantedFeatures:
    """What a stream is asked for: rows of the clips' table, in which epochs' draws, darkened in which way."""

    stream: Stream
    rows: list[int]
    epochs: list[int]
    darkening: Corruption | None = None


class Trainer:
    """Builds what a plan names and keeps it for all folds; `fold_session.FoldSession` trains one of them.

    Args:
        experiment: what is run.
        clips: on what.
        report: told of damaged features.
        execution: the experiment's plan, where it is made already; its extractors become this trainer's.

    Attributes:
        streams: the plan's, built.
        branches: the plan's classifiers, with the streams that each is fed from.
        model: one model, traced once, that every fold starts afresh.

    Raises:
        BadRequest: weights that do not fit, a mode the extractor does not allow, parts that do not go together.
    """

    def __init__(
        self,
        experiment: Experiment,
        clips: Clips,
        report: Callable[[str], None] = console.warn,
        execution: ExecutionPlan | None = None,
    ):
        self.experiment, self.clips, self.train = experiment, clips, experiment.setting.train
        self.seed = experiment.setting.seed
        self.augment = Augmentations(experiment.augment, experiment.reversals, self.seed)
        self.execution = execution or plan_execution(experiment, clips.classes, self.augment)
        self.branches = build_branches(self.execution, clips, experiment.setting, report)
        self.streams = self._distinct_streams()
        self.model = build_compiled_model(self.execution, self.branches, len(clips.classes), self.train, self.seed)

    def _distinct_streams(self) -> list[Stream]:
        return list(dict.fromkeys(stream for branch in self.branches for stream in branch.streams))

    def on(self, clips: Clips, cache: Path | MemoryCache | None) -> "Trainer":
        """Return this trainer on other clips of the same classes: the same plan, parts and model.

        Args:
            clips: on what.
            cache: where their features are kept; None: in memory, until the next clips.
        """
        other = copy.copy(self)
        setting = replace(self.experiment.setting, cache=cache)
        other.clips, other.experiment = clips, replace(self.experiment, setting=setting)
        other.branches = branches_on(self.branches, clips, setting)
        other.streams = other._distinct_streams()
        return other

    @property
    def mode(self) -> str:
        """Return `features` or `end_to_end`."""
        return self.execution.mode

    @property
    def why(self) -> str:
        """Return why this mode."""
        return self.execution.why

    @property
    def solved(self) -> bool:
        """Return whether nothing is left to train by steps: every head is solved at once."""
        return self.execution.solved

    @property
    def epochs(self) -> int:
        """Return for how many epochs a fold is trained at most."""
        return self.execution.epochs

    def stream_facts(self) -> list[StreamFacts]:
        """Return each stream's extractor and what computes its features, for run.json."""
        return [stream.facts() for stream in self.streams]

    def frames_text(self, rows: Sequence[int], darkening: Corruption | None = None) -> list[str]:
        """Return what positions each row is scored at: views apart by `|`, streams that differ by `;`."""
        ways = [darkening] * len(rows)
        texts = [[_text(views) for views in stream.positions(rows, SCORING, ways)] for stream in self.streams]
        return [" ; ".join(dict.fromkeys(of_row)) for of_row in zip(*texts, strict=True)]

    def wanted(self, plan: Plan, epochs: int, rows: Collection[int] | None = None) -> Iterator[WantedFeatures]:
        """Yield which features scoring and the first `epochs` need, of some rows or all, stream by stream."""
        fitted = _some({row for fold in plan.folds for row in fold.train}, rows)
        scored = _scored(plan, self.clips, rows)
        training = [SCORING, *range(min(epochs, self.epochs))]
        for stream in self.streams:
            yield WantedFeatures(stream, sorted({*fitted, *scored}), training)
            for way in self.augment.darkenings() if fitted else ():
                if way:
                    yield WantedFeatures(stream, fitted, training, way)
            if self.experiment.darkening:
                yield WantedFeatures(stream, scored, [SCORING], self.experiment.darkening)

    def prepare(self, plan: Plan, epochs: int, rows: Collection[int] | None = None) -> None:
        """Compute the features that scoring and the first `epochs` need, with progress, before the first fold.

        Args:
            plan: whose clips they are of.
            epochs: of training.
            rows: the clips that are wanted; None: all.
        """
        for wanted in self.wanted(plan, epochs, rows):
            wanted.stream.fill(wanted.rows, wanted.epochs, [wanted.darkening])
        scored = _scored(plan, self.clips, rows)
        cache, table = self.experiment.setting.cache, self.clips.table
        way = self.experiment.darkening
        if isinstance(way, Darkening) and "luma" in table and isinstance(cache, Path):
            table.loc[scored, "darkened_luma"] = darkened_luma(self.clips, cache, scored, way)


def _scored(plan: Plan, clips: Clips, rows: Collection[int] | None) -> list[int]:
    return _some({row for fold in plan.folds for row in fold.validation} | set(clips.rows(TEST)), rows)


def _some(found: set[int], rows: Collection[int] | None) -> list[int]:
    """Return those of the rows found that are among some rows, or all of them, in order."""
    return sorted(found if rows is None else found.intersection(rows))


def _text(views: Sequence[np.ndarray]) -> str:
    return " | ".join(" ".join(f"{p:.2f}".rstrip("0").rstrip(".") for p in view.tolist()) for view in views)
