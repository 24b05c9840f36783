"""Which frames samplers pick of a clip (the paper's figure 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from darkhar_cli.names import several
from darkhar_cli.report.figures.style import BLUE, FAINT, MUTED, styled

MOST = 8  # pictures in a row
_WIDTH = 10.0  # inches of the figure


@dataclass(frozen=True)
class Picked:
    """What one sampler picks.

    Attributes:
        name: the sampler as typed.
        views: positions (T,) of each view.
        pictures: (position, frame (H, W, 3) uint8) of up to `MOST` of the middle view's frames.
    """

    name: str
    views: Sequence[np.ndarray]
    pictures: Sequence[tuple[int, np.ndarray]]


def middle_view(views: Sequence[np.ndarray]) -> np.ndarray:
    """Return up to `MOST` positions, spread evenly, of the view in the middle."""
    positions = views[len(views) // 2]
    return positions[np.linspace(0, len(positions) - 1, min(MOST, len(positions))).round().astype(int)]


@styled
def draw(rows: Sequence[Picked], about: str, n_frames: int, fps: float) -> Figure:
    """Return a row for each sampler: all that it picks on the clip's time line, and pictures of some.

    Args:
        rows: one for each sampler.
        about: which clip it is.
        n_frames, fps: of the clip; 0 frames a second are not known.
    """
    tall = (_WIDTH - 0.3) / MOST * max(f.shape[0] / f.shape[1] for row in rows for _, f in row.pictures)
    heights = [height for row in rows for height in (0.3 + 0.07 * len(row.views), tall + 0.2)]
    size = (_WIDTH, sum(heights) + 0.32 * len(rows) + 0.9)
    figure = Figure(figsize=size, layout="constrained", label=f"{about}: frames that samplers pick")
    figure.suptitle(about, x=0.01, ha="left")
    grid = figure.subplots(2 * len(rows), 1, squeeze=False, height_ratios=heights)[:, 0]
    for row, line, strip in zip(rows, grid[::2], grid[1::2], strict=True):
        _line(line, row, n_frames)
        _strip(strip, row.pictures)
    seconds = f"; {n_frames / fps:.1f} s at {fps:.4g} frames a second" if fps else ""
    grid[-1].set_xlabel(f"marks: the frames picked, on the clip's {several(n_frames, 'frame')}{seconds}")
    return figure


def _line(axes: Axes, row: Picked, n_frames: int) -> None:
    for number, positions in enumerate(row.views):
        axes.hlines(number, 0, n_frames - 1, color=FAINT, lw=3)
        axes.vlines(positions, number - 0.4, number + 0.4, color=BLUE, lw=1.4)
    count = len(row.views[0])
    views = f"{len(row.views)} views of " if len(row.views) > 1 else ""
    of = " of the middle view's" if views else ""
    shown = f"; {len(row.pictures)}{of} are shown" if len(row.pictures) < count or views else ""
    axes.set_title(f"{row.name}: {views}{several(count, 'frame')}{shown}", fontsize=9, pad=3)
    axes.set(xlim=(-0.01 * n_frames, 1.01 * n_frames - 1), ylim=(len(row.views) - 0.4, -0.6), yticks=[])
    axes.tick_params(axis="x", labelsize=7, pad=1, length=2)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", integer=True)


def _strip(axes: Axes, pictures: Sequence[tuple[int, np.ndarray]]) -> None:
    tallest = max(frame.shape[0] / frame.shape[1] for _, frame in pictures)
    for place, (position, frame) in enumerate(pictures):
        height = 0.96 * frame.shape[0] / frame.shape[1]
        axes.imshow(frame, extent=(place, place + 0.96, 0, height), interpolation="none", aspect="auto")
        axes.text(place + 0.48, -0.03, str(position), ha="center", va="top", fontsize=7, color=MUTED)
    axes.set(xlim=(0, MOST), ylim=(-0.18, tallest), aspect="equal", anchor="W", xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
