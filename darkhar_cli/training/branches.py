"""What each classifier of an experiment is fed: one stream of late fusion, or all side by side or one after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.features.prefetch import collate
from darkhar_cli.models.action_model import Part
from darkhar_cli.training.execution_plan import ClassifierPlan, ExecutionPlan
from darkhar_cli.training.experiment import Setting
from darkhar_cli.training.stream import ClipRequest, Stream


@dataclass(frozen=True)
class Branch:
    """A classifier and the streams it is fed from.

    Attributes:
        streams: their features stand side by side, or one after another.
        names: of the streams.
        classifier: name and parameters.
        timeline: what the classifier is told of its features.
        in_time: whether the streams' features stand one after another in time.
    """

    streams: tuple[Stream, ...]
    names: tuple[str, ...]
    classifier: Part
    timeline: Timeline
    in_time: bool = False

    def views(self) -> int:
        """Return how many views of a clip are scored."""
        return max(stream.sampler.views(training=False) for stream in self.streams)

    def bytes(self, rows: Sequence[int]) -> int:
        """Return how much memory the features of the longest of some clips take in training."""
        joined = self.streams if self.in_time else self.streams[:1]
        return 4 * self.timeline.features * sum(stream.most_steps(rows) for stream in joined)

    def load(
        self,
        rows: Sequence[int],
        epoch: int,
        view: int,
        darkenings: Sequence[Corruption | None],
        backwards: Sequence[bool] | None = None,
    ) -> list[list[np.ndarray]]:
        """Return for each stream one view of each row: features (T, F) or frames (T, h, w, 3), float32.

        Args:
            rows: of the clips' table.
            epoch: whose positions are drawn.
            view: which one; a stream with fewer gives its last.
            darkenings: of each row.
            backwards: whether each row will be played backwards then; None: none will.
        """
        loaded = []
        for stream in self.streams:
            picked = [views[min(view, len(views) - 1)] for views in stream.positions(rows, epoch, darkenings)]
            each = zip(rows, picked, darkenings, backwards or [False] * len(rows), strict=True)
            loaded.append(stream.load([ClipRequest(*request) for request in each]))
        return loaded

    def batch(self, loaded: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
        """Return what `load` gave as a batch: features (B, T, F) or frames (B, T, h, w, 3), and mask (B, T)."""
        if len(loaded) == 1:
            return list(collate(loaded[0]))
        axis = 0 if self.in_time else 1
        return list(collate([np.concatenate(parts, axis=axis) for parts in zip(*loaded, strict=True)]))


def build_branches(plan: ExecutionPlan, clips: Clips, setting: Setting, report: Callable[[str], None]) -> list[Branch]:
    """Build a plan's streams, each once, and return its classifiers' branches."""
    streams = [Stream(planned, clips, setting, report) for planned in plan.streams]
    return [_branch(classifier, [streams[place] for place in classifier.streams]) for classifier in plan.classifiers]


def branches_on(branches: Sequence[Branch], clips: Clips, setting: Setting) -> list[Branch]:
    """Return branches on other clips; streams that they share stay shared, classifiers are told what they were told."""
    streams = {stream: stream.on(clips, setting) for branch in branches for stream in branch.streams}
    return [replace(branch, streams=tuple(streams[stream] for stream in branch.streams)) for branch in branches]


def _branch(classifier: ClassifierPlan, streams: Sequence[Stream]) -> Branch:
    first = streams[0].timeline
    if len(streams) == 1:
        return Branch((streams[0],), classifier.names, classifier.part, first)
    if classifier.in_time:
        return Branch(tuple(streams), classifier.names, classifier.part, first, in_time=True)
    channels: tuple[str, ...] = ()
    if all(stream.extractor.channels for stream in streams):
        named = zip(classifier.names, streams, strict=True)
        channels = tuple(f"{name}.{channel}" for name, stream in named for channel in stream.extractor.channels)
    timeline = Timeline(sum(stream.extractor.features for stream in streams), channels, first.fps)
    return Branch(tuple(streams), classifier.names, classifier.part, timeline)
