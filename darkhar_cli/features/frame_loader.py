"""Frames as an extractor sees them, made on the host: decoded, enhanced at native size, resized once.

Both ways to train are fed from here, so both see the same numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from darkhar_cli import registry
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.video import ClipError
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.errors import FailedWork
from darkhar_cli.features.prefetch import collate, in_threads
from darkhar_cli.models.layers import ResizeFrames

_CHUNK = 8  # frames held at native size at a time, where each is enhanced on its own


class HostFrames:
    """Makes frames (T, h, w, 3) float32 of one clip at ascending positions; safe in threads.

    Args:
        clips: where the bytes come from.
        chain: (name, parameters) of each enhancement, in order; those with a `host` function run that one.
        size: (height, width) to resize to, or None.
        last: what becomes of frames (n, h, w, 3) float32 then, a few at a time, where that needs less memory.
        whole: what becomes of all of them at the end, given the clip's frames per second too, and their times (T,) in
            seconds where these are irregular, else None.
        before: what becomes of decoded frames (n, H, W, 3) uint8 first, given the clip's row and their positions.
    """

    def __init__(
        self,
        clips: Clips,
        chain: Sequence[tuple[str, Mapping[str, Any]]],
        size: tuple[int, int] | None,
        last: Callable[[np.ndarray], np.ndarray] | None = None,
        whole: Callable[[np.ndarray, float, np.ndarray | None], np.ndarray] | None = None,
        before: Callable[[np.ndarray, int, np.ndarray], np.ndarray] | None = None,
    ):
        self.clips, self.scope, self.last, self.whole, self.before = clips, chain_scope(chain), last, whole, before
        apart = self.scope == "frame"
        self._steps = [_step(registry.get("enhance", name), parameters, apart) for name, parameters in chain]
        if size:
            self._steps.append(_compiled(ResizeFrames(size), apart=True))

    def __call__(self, row: int, positions: np.ndarray) -> np.ndarray:
        """Return the frames.

        Raises:
            FailedWork: the stored clip cannot be read; names it.
        """
        clip = self.clips.table.loc[row]
        try:
            done = [self.made_of(frames) for frames in self._decoded(row, positions)]
        except ClipError as problem:
            raise FailedWork(f"{clip['id']}: {problem}") from problem
        frames = np.concatenate(done) if len(done) > 1 else done[0]
        return self.whole(frames, float(clip["fps"]), self.clips.times(row)) if self.whole else frames

    def _decoded(self, row: int, positions: np.ndarray) -> Iterator[np.ndarray]:
        """Yield decoded frames (n, H, W, 3) uint8: a few at a time, or all where enhancement looks at the clip."""
        held, start = [], 0
        for frame in self.clips.frames(row, positions):
            held.append(frame)
            if len(held) == (_CHUNK if self.scope == "frame" else len(positions)):
                frames = np.stack(held)
                yield self.before(frames, row, positions[start : start + len(held)]) if self.before else frames
                held, start = [], start + len(held)
        if held:
            frames = np.stack(held)
            yield self.before(frames, row, positions[start:]) if self.before else frames

    def made_of(self, frames: np.ndarray) -> np.ndarray:
        """Return what enhancement and resizing make of decoded frames (T, H, W, 3) uint8."""
        for step in self._steps:
            frames = step(frames)
        frames = frames.astype(np.float32, copy=False)
        return self.last(frames) if self.last else frames


def _step(
    function: Callable[..., Any], parameters: Mapping[str, Any], apart: bool
) -> Callable[[np.ndarray], np.ndarray]:
    host = getattr(function, "host", None)
    return (lambda x: host(x, **parameters)) if host else _compiled(lambda x: function(x, **parameters), apart)


def _compiled(function: Callable[[Any], Any], apart: bool) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function of NumPy frames (T, H, W, 3) that runs a graph on them as float32, on the CPU.

    With `apart` frames go through it one by one: TensorFlow's vectorised kernels treat the end of a tensor in another
    way, so that a frame's bits would depend on its neighbours.
    """
    graph = tf.function(function, input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])

    def run(frames: np.ndarray) -> np.ndarray:
        frames = frames.astype(np.float32, copy=False)
        with tf.device("CPU:0"):
            if not apart:
                return graph(frames).numpy()
            return np.concatenate([graph(frames[i : i + 1]).numpy() for i in range(len(frames))])

    return run


class FrameInputs:
    """Frames for training end to end, (B, T, h, w, 3) float32.

    What enhancement and resizing made of a frame is kept for the next epochs, up to `keep_bytes` in all.
    """

    def __init__(self, frames: HostFrames, keep_bytes: int = 1 << 30):
        self.frames, self.room = frames, keep_bytes
        self._kept: dict[Any, np.ndarray] = {}

    def _one(self, item: tuple[int, np.ndarray]) -> np.ndarray:
        """Return one clip's frames at these positions (T, h, w, 3), made or remembered."""
        row, positions = item
        if self.frames.scope == "clip":
            key = (row, positions.tobytes())
            return self._kept[key] if key in self._kept else self._keep(key, self.frames(row, positions))
        missing = np.array([p for p in np.unique(positions) if (row, p) not in self._kept])
        made: dict[int, np.ndarray] = {}
        if len(missing):
            made = dict(zip(missing.tolist(), self.frames(row, missing), strict=True))
        frames = np.stack([made[p] if p in made else self._kept[row, p] for p in positions.tolist()])
        for position, frame in made.items():
            self._keep((row, position), frame)
        return frames

    def _keep(self, key: Any, frames: np.ndarray) -> np.ndarray:
        if frames.nbytes <= self.room:
            self._kept[key] = frames
            self.room -= frames.nbytes
        return frames

    def each(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each row's frames at its positions (T, h, w, 3).

        Raises:
            FailedWork: `extractor.size=native` and clips of different sizes.
        """
        parts = list(in_threads(self._one, zip(rows, positions, strict=True)))
        if len({part.shape[1:] for part in parts}) > 1:
            raise FailedWork("clips differ in size: extractor.size=native trains on clips of one size; give a size")
        return parts

    def load(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch of these rows' frames at these positions, and its mask."""
        return collate(self.each(rows, positions))
