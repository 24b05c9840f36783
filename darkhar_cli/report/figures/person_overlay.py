"""Pose and flow drawn on frames: what extractors of a person are fed."""

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from darkhar_cli.extractors.person.tracking import SEEN
from darkhar_cli.report.figures.style import styled
from darkhar_cli.report.person_seen import PersonSeen

# Pairs of MoveNet's keypoints (COCO order) and the side of the body they are on.
_BONES = {
    "left": ((5, 7), (7, 9), (11, 13), (13, 15), (5, 11)),
    "right": ((6, 8), (8, 10), (12, 14), (14, 16), (6, 12)),
    "middle": ((5, 6), (11, 12), (0, 5), (0, 6)),
}
_COLOURS = {"left": "#56b4e9", "right": "#e69f00", "middle": "#f0e442"}  # Okabe and Ito's, on a picture
_FLOW, _ENLARGED = "#cc79a7", 4
_ACROSS, _WIDTH = 3, 3.2  # pictures beside each other, inches of one


@styled
def draw(frames: Sequence[PersonSeen], about: str) -> Figure:
    """Return frames with the skeleton (dim where a keypoint's score is low) and arrows of the person's own motion.

    Where there are no keypoints, the box around what moves stands for the skeleton.
    """
    pose = any(len(one.points) for one in frames)
    rows = -(-len(frames) // _ACROSS)
    tall = _WIDTH * frames[0].frame.shape[0] / frames[0].frame.shape[1]
    size = (_WIDTH * min(_ACROSS, len(frames)), (tall + 0.3) * rows + 0.8)
    figure = Figure(figsize=size, layout="constrained", label=f"{about}: {'pose' if pose else 'what moves'} and flow")
    figure.suptitle(about, x=0.01, ha="left")
    grid = figure.subplots(rows, min(_ACROSS, len(frames)), squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, one in zip(grid, frames, strict=False):
        axes.imshow(one.frame, interpolation="none")
        _flow(axes, one.arrows)
        if pose:
            _skeleton(axes, one.points)
        else:
            left, top, right, bottom = one.box
            axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, ec=_COLOURS["middle"], lw=2))
        axes.set(xlim=(-0.5, one.frame.shape[1] - 0.5), ylim=(one.frame.shape[0] - 0.5, -0.5))
        score = f": mean keypoint score {one.points[:, 2].mean():.2f}" if pose else ""
        axes.set_title(f"frame {one.position}{score}", fontsize=8)
    named = _COLOURS if pose else {"what moves": _COLOURS["middle"]}
    handles = [Line2D([], [], color=colour, lw=3, label=name) for name, colour in named.items()]
    handles.append(Line2D([], [], color=_FLOW, lw=2, label=f"motion to the next frame, {_ENLARGED} times as long"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _skeleton(axes: Axes, points: np.ndarray) -> None:
    rim = [patheffects.withStroke(linewidth=3.4, foreground="black", alpha=0.6)]
    for side, bones in _BONES.items():
        for a, b in bones:
            sure = min(points[a, 2], points[b, 2]) > SEEN
            ends = points[[a, b], :2]
            axes.plot(
                *ends.T, color=_COLOURS[side], lw=2, alpha=1 if sure else 0.25, path_effects=rim if sure else None
            )
    seen = points[points[:, 2] > SEEN]
    axes.scatter(seen[:, 0], seen[:, 1], 9, color="white", edgecolors="black", linewidths=0.5, zorder=3)


def _flow(axes: Axes, arrows: np.ndarray) -> None:
    if not len(arrows):
        return
    start, end = arrows[:, :2], arrows[:, :2] + _ENLARGED * arrows[:, 2:]
    axes.add_collection(LineCollection(list(np.stack([start, end], axis=1)), colors=_FLOW, linewidths=1.1))
    axes.scatter(end[:, 0], end[:, 1], 2.5, color=_FLOW, linewidths=0)
