"""A network on the frames of a clip: one by one, or window by window."""

from collections.abc import Sequence

import numpy as np

from darkhar_cli.extractors.network import layout as layouts
from darkhar_cli.extractors.network import trial
from darkhar_cli.extractors.network.colours import Colours
from darkhar_cli.extractors.network.contract import Run, Shape
from darkhar_cli.extractors.network.windows import Windows, at_times, timeline


class _Network:
    """A network that is run on batches of one size, the last one filled up.

    Args:
        what: in words.
        run: it, on one batch.
        layout: of its input.
        batch: how many frames or windows are run together.
        colours: what frames are given to it as.
    """

    scope = ""
    unit = ""

    def __init__(self, what: str, run: Run, layout: str, batch: int, colours: Colours):
        self.what, self.run, self.layout, self.batch, self.colours = what, run, layout, batch, colours

    def features(self, shape: tuple[int, ...], given: Shape) -> int:
        """Return F, from what the file says of its output, or from a run on nothing."""
        if None not in given:
            output = np.zeros([size or 1 for size in given], np.float32)
        else:
            output = self.run(np.zeros(shape, np.float32))
        return layouts.pooled(output, self.layout, self.batch).shape[1]

    def _run(self, batch: np.ndarray) -> np.ndarray:
        """Return features (n, F) of frames (n, H, W, 3) or windows (n, T, H, W, 3), n up to the batch."""
        n = len(batch)
        if n < self.batch:
            batch = np.concatenate([batch, np.repeat(batch[-1:], self.batch - n, axis=0)])
        output = self.run(layouts.arrange(self.colours(batch), self.layout))
        return layouts.pooled(output, self.layout, self.batch)[:n]


class FramesNetwork(_Network):
    """Frames (n, h, w, 3) float32 0..255 -> features (n, F); safe in threads."""

    scope, unit = "frame", "frame"

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return the features."""
        starts = range(0, len(frames), self.batch)
        return np.concatenate([self._run(frames[start : start + self.batch]) for start in starts])

    def try_out(self, clips: Sequence[trial.Clip]) -> str:
        """See `trial.try_out`."""
        return trial.try_out(self.what, clips, lambda frames, _: self(frames), lambda frames, _: len(frames), self.unit)


class WindowsNetwork(_Network):
    """A clip's frames (T, h, w, 3) uint8 -> a timeline (T, F); safe in threads."""

    scope, unit = "clip", "window"

    def __init__(self, what: str, run: Run, layout: str, batch: int, colours: Colours, windows: Windows):
        super().__init__(what, run, layout, batch, colours)
        self.windows = windows

    def __call__(self, frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        """Return the timeline."""
        positions = self.windows.positions(len(frames), fps)
        shown = at_times(positions, times)
        starts = range(0, len(shown), self.batch)
        found = [self._run(frames[shown[start : start + self.batch]]) for start in starts]
        return timeline(np.concatenate(found), positions, len(frames))

    def try_out(self, clips: Sequence[trial.Clip]) -> str:
        """See `trial.try_out`."""
        return trial.try_out(
            self.what, clips, self, lambda frames, fps: len(self.windows.positions(len(frames), fps)), self.unit
        )
