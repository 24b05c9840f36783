"""What the learning part of a model is fed: frames, or features that frozen parts compute once per frame.

Both take table rows and their sampled positions and give a batch padded to its longest clip, with a mask. Sampling,
enhancement and extraction commute when they work per frame, so positions are drawn first and only missing
frames are decoded, enhanced and extracted.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np
import tensorflow as tf

from darkhar_cli.clips import Clips
from darkhar_cli.errors import FailedWork
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.layers import EnhanceFrames, ResizeFrames
from darkhar_cli.video import ClipError, read_frames

_BATCH = 16  # frames a Keras extractor gets at a time, always: its bits depend on the batch size


def in_threads(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    """Map a function over items on all cores, in order, a bounded number of items at a time."""
    cores = os.cpu_count() or 1
    queue = iter(items)
    with ThreadPoolExecutor(cores) as workers:
        waiting: deque[Future] = deque(workers.submit(function, item) for item in islice(queue, cores + 1))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(workers.submit(function, item) for item in islice(queue, 1))


def decode(clips: Clips, row: int, positions: np.ndarray) -> np.ndarray:
    """Return the frames of one clip at integer positions, uint8 (T, H, W, 3).

    Raises:
        FailedWork: the stored clip cannot be read; names it.
    """
    try:
        return read_frames(clips.video(row), positions)
    except ClipError as problem:
        raise FailedWork(f"{clips.table.loc[row, 'id']}: {problem}") from problem


def collate(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pad arrays (T_i, ...) with zeros to their longest and stack them: (B, T, ...) and mask (B, T) bool."""
    lengths = [len(part) for part in parts]
    batch = np.zeros((len(parts), max(lengths), *parts[0].shape[1:]), parts[0].dtype)
    for i, part in enumerate(parts):
        batch[i, : len(part)] = part
    return batch, np.arange(max(lengths)) < np.array(lengths)[:, None]


class FrameInputs:
    """Frames for training end to end: enhanced at native size and resized, (B, T, h, w, 3) float32.

    What enhancement and resizing made of a frame is kept for the next epochs, up to `keep_bytes` in all.
    """

    def __init__(self, clips: Clips, enhance: EnhanceFrames, resize: ResizeFrames, keep_bytes: int = 1 << 30):
        self.clips, self.room = clips, keep_bytes
        self._kept: dict[tuple[int, int], np.ndarray] = {}
        self._prepare = tf.function(
            lambda frames: resize(enhance(frames)), input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)]
        )

    def _one(self, item: tuple[int, np.ndarray]) -> np.ndarray:
        """Return one clip's frames at these positions (T, h, w, 3), made or remembered."""
        row, positions = item
        missing = np.array([p for p in np.unique(positions) if (row, p) not in self._kept])
        made: dict[int, np.ndarray] = {}
        if len(missing):
            frames = self._prepare(decode(self.clips, row, missing)).numpy()
            made = dict(zip(missing.tolist(), frames, strict=True))
        frames = np.stack([made[p] if p in made else self._kept[row, p] for p in positions.tolist()])
        for position, frame in made.items():
            if frame.nbytes <= self.room:
                self._kept[row, position] = frame
                self.room -= frame.nbytes
        return frames

    def load(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch of these rows' frames at these positions, and its mask.

        Raises:
            FailedWork: `extractor.size=native` and clips of different sizes.
        """
        parts = list(in_threads(self._one, zip(rows, positions, strict=True)))
        if len({part.shape[1:] for part in parts}) > 1:
            raise FailedWork("clips differ in size: extractor.size=native trains on clips of one size; give a size")
        return collate(parts)


class FeatureInputs:
    """Features of frozen parts, (B, T, F) float32, each frame's computed once and then remembered.

    `computed` counts the frames that were extracted.
    """

    def __init__(self, clips: Clips, enhance: EnhanceFrames, resize: ResizeFrames, extractor: Extractor):
        self.clips, self.extractor = clips, extractor
        self.computed = 0
        self._known: dict[int, np.ndarray] = {}
        self._have: dict[int, np.ndarray] = {}
        self._enhance, self._resize = enhance, resize
        signature = [tf.TensorSpec((None, None, None, 3), tf.uint8)]
        self._run = tf.function(self._graph, input_signature=signature)

    def _graph(self, frames: Any) -> Any:
        lit = self._enhance(frames)
        if self.extractor.backend == "host":
            return lit
        return tf.cast(self.extractor.model(self._resize(lit), training=False), tf.float32)

    def _extract(self, frames: np.ndarray) -> np.ndarray:
        """Return the features (n, F) of frames (n, H, W, 3), in fixed batches."""
        out = []
        for start in range(0, len(frames), _BATCH):
            batch = frames[start : start + _BATCH]
            if self.extractor.backend == "host":
                out.append(self.extractor.function(self._run(batch).numpy()))
                continue
            padded = np.concatenate([batch, np.repeat(batch[-1:], _BATCH - len(batch), axis=0)])
            out.append(self._run(padded).numpy()[: len(batch)])
        return np.concatenate(out)

    def missing(self, row: int, positions: np.ndarray) -> np.ndarray:
        """Return the distinct positions of a clip whose features are not known yet."""
        wanted = np.unique(positions.astype(np.int64))
        return wanted[~self._have[row][wanted]] if row in self._have else wanted

    def fill(
        self,
        rows: Sequence[int],
        positions: Sequence[np.ndarray],
        advance: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        """Compute what is missing of these rows' frames; `advance` is told of each finished clip and its frames."""
        todo = [(row, self.missing(row, wanted)) for row, wanted in zip(rows, positions, strict=True)]
        todo = [(row, wanted) for row, wanted in todo if len(wanted)]
        decoded = in_threads(lambda item: decode(self.clips, *item), todo)
        for (row, wanted), frames in zip(todo, decoded, strict=True):
            features = self._extract(frames)
            if row not in self._known:
                n = int(self.clips.table.loc[row, "n_frames"])
                self._known[row] = np.zeros((n, self.extractor.features), np.float32)
                self._have[row] = np.zeros(n, bool)
            self._known[row][wanted], self._have[row][wanted] = features, True
            self.computed += len(wanted)
            advance("", len(wanted))

    def load(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch of these rows' features at these positions, and its mask."""
        self.fill(rows, positions)
        parts = [self._known[row][wanted.astype(np.int64)] for row, wanted in zip(rows, positions, strict=True)]
        return collate(parts)
