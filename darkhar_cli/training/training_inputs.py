"""What classifiers are shown of training clips: loaded, then augmented, then put together."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from darkhar_cli.randomness import SCORING
from darkhar_cli.stopping import leaving
from darkhar_cli.training.augmentation import Augmentations, SampledAugmentation
from darkhar_cli.training.branches import Branch
from darkhar_cli.training.compiled_model import Batch

_LISTED_AT_A_TIME = 32  # clips, where all their outcomes are shown
_CHUNK_BYTES = 1 << 26  # features handed to the compiled loop at a time


class TrainingInputs:
    """Batches of one fold's training clips.

    Args:
        augment: how they are augmented.
        digests: content hash of each row.
        labels: class number of each row, as the fold is trained on.
        on_frames: whether models learn from frames, not features.
    """

    def __init__(self, augment: Augmentations, digests: Mapping[int, str], labels: Mapping[int, int], on_frames: bool):
        self.augment, self.digests, self.labels, self.on_frames = augment, digests, labels, on_frames

    def load(
        self, branch: Branch, rows: Sequence[int], sampled: Sequence[SampledAugmentation], epoch: int, view: int = 0
    ) -> list[np.ndarray]:
        """Return a branch's input (B, T, ...) and mask (B, T) of rows, each augmented as it is sampled."""
        backwards = [self.augment.backwards(each) for each in sampled]
        loaded = branch.load(rows, epoch, view, [each.darkening for each in sampled], backwards)
        augmented = []
        for stream, clips in zip(branch.streams, loaded, strict=True):
            given = zip(sampled, rows, clips, strict=True)
            augmented.append(
                [
                    self.augment.apply(each, self.digests[row], clip, stream.extractor, self.on_frames)
                    for each, row, clip in given
                ]
            )
        return branch.batch(augmented)

    def batches(self, branches: Sequence[Branch], rows: Sequence[int], epoch: int, size: int) -> Iterator[Batch]:
        """Yield an epoch's batches of rows in order, each made while the one before trains.

        Args:
            branches: whose inputs they hold.
            rows: in the epoch's order.
            epoch: whose positions and augmentations are drawn.
            size: clips a step; features come as many steps at a time as memory allows.
        """
        at_a_time = size
        if not self.on_frames:
            clip = sum(branch.bytes(rows) for branch in branches)
            at_a_time *= max(1, _CHUNK_BYTES // (clip * size))
        parts = [rows[start : start + at_a_time] for start in range(0, len(rows), at_a_time)]

        def make(part: Sequence[int]) -> Batch:
            sampled = [self.augment.drawn(self.digests[row], self.labels[row], epoch) for row in part]
            inputs = [array for branch in branches for array in self.load(branch, part, sampled, epoch)]
            return inputs, np.array([each.label for each in sampled])

        if len(parts) == 1:
            yield make(parts[0])
            return
        with leaving(ThreadPoolExecutor(1)) as ahead:
            coming = ahead.submit(make, parts[0])
            for following in [*parts[1:], None]:
                batch = coming.result()
                coming = ahead.submit(make, following) if following else coming
                yield batch

    def every_outcome(self, branch: Branch, rows: Sequence[int]) -> Iterator[Batch]:
        """Yield a branch's inputs of rows in all views and under all augmentations that can be listed, and labels."""
        listed = [(row, sampled) for row in rows for sampled in self.augment.listed(self.labels[row])]
        for start in range(0, len(listed), _LISTED_AT_A_TIME):
            part, sampled = zip(*listed[start : start + _LISTED_AT_A_TIME], strict=True)
            for view in range(branch.views()):
                yield self.load(branch, part, sampled, SCORING, view), np.array([each.label for each in sampled])
