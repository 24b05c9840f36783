"""What enhancements do to a frame: its picture, histogram and cumulative distribution (the paper's figure 3)."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from darkhar_cli.report.figures.style import CHANNELS, styled

_ACROSS = 5  # pictures beside each other
_BIN = 8  # levels: of fewer, equalised histograms are combs
_WIDTH = 2.35  # inches of a column
_LETTERS = 26  # of a line above a picture
_LEAST = 0.01  # percent, the foot of the histogram's axis


@styled
def draw(pictures: Sequence[tuple[str, np.ndarray]], about: str) -> Figure:
    """Return the pictures side by side, each with the distribution of its red, green and blue below.

    Args:
        pictures: what was done, and the frame (H, W, 3) of levels 0..255 that it gives.
        about: which frame it is.
    """
    bands_needed = -(-len(pictures) // _ACROSS)
    across = -(-len(pictures) // bands_needed)  # as even as can be
    bands = [pictures[i : i + across] for i in range(0, len(pictures), across)]
    tall = _WIDTH * max(frame.shape[0] / frame.shape[1] for _, frame in pictures)
    size = (max(_WIDTH * across, 4.4), (tall + 2 * 1.35 + 0.5) * len(bands) + 0.5)
    figure = Figure(figsize=size, layout="constrained", label=f"{about}: enhancements and their histograms")
    figure.suptitle(about, x=0.01, ha="left")
    ratios = [tall, 1.25, 1.25] * len(bands)
    grid = figure.subplots(3 * len(bands), across, squeeze=False, height_ratios=ratios)
    for number, band in enumerate(bands):
        for column in range(across):
            three = grid[3 * number : 3 * number + 3, column]
            if column >= len(band):
                for axes in three:
                    axes.set_axis_off()
                continue
            _picture(three[0], *band[column])
            _distributions(three[1], three[2], band[column][1], first=column == 0)
    lines = [Line2D([], [], color=colour, ls=line, label=name) for name, colour, line in CHANNELS]
    figure.legend(handles=lines, loc="outside lower center", ncols=3)
    return figure


def _picture(axes: Axes, name: str, frame: np.ndarray) -> None:
    axes.imshow(np.rint(np.clip(frame, 0, 255)).astype(np.uint8), interpolation="none")
    axes.set_title(fill(name, _LETTERS), fontsize=9)
    axes.set_axis_off()


def _distributions(histogram: Axes, cumulative: Axes, frame: np.ndarray, first: bool) -> None:
    levels = np.rint(np.clip(frame, 0, 255)).astype(int)
    for channel, (_, colour, line) in enumerate(CHANNELS):
        share = 100 * np.bincount(levels[..., channel].ravel(), minlength=256) / levels[..., channel].size
        binned = np.maximum(share.reshape(-1, _BIN).sum(axis=1), _LEAST / 10)
        histogram.stairs(binned, np.arange(0, 257, _BIN), color=colour, ls=line, lw=1.3)
        cumulative.plot(np.arange(256), np.cumsum(share), line, color=colour, lw=1.3)
    histogram.set(yscale="log", ylim=(_LEAST, 120), xlim=(0, 256), yticks=[0.01, 0.1, 1, 10, 100])
    histogram.set_yticks([], minor=True)
    histogram.set_yticklabels(["0.01", "0.1", "1", "10", "100"] if first else [])
    histogram.set_xticks([0, 64, 128, 192, 256], [])
    cumulative.set(ylim=(0, 102), xlim=(0, 256), xlabel="level", yticks=[0, 50, 100])
    cumulative.set_xticks([0, 64, 128, 192, 256])
    if first:
        histogram.set_ylabel(f"pixels, %\nof {_BIN} levels")
        cumulative.set_ylabel("pixels up to\nthe level, %")
    else:
        cumulative.set_yticklabels([])
