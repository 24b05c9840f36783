"""Pictures of a data set's clips: brightness, length, classes and groups, and a few frames of each class."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from darkhar_cli.files.asides import write_aside
from darkhar_cli.report.figures import style

_A_CLASS = 8  # clips in a row of the sheet
_CLASSES = 60  # rows at most
_GAMMA = 0.4  # of the brighter copy beside each frame: in dark clips nothing could be seen
_NAME = 150  # pixels for a name


@style.styled
def overview(clips: pd.DataFrame, path: Path) -> None:
    """Draw brightness, length, clips and groups of each class.

    Args:
        clips: columns split, label, group, mean (luma, 0..255), frames.
        path: of the picture (png).
    """
    figure = Figure(figsize=(11, 7.5), layout="constrained")
    axes = figure.subplots(2, 2)
    for split, part in clips.groupby("split", sort=False):
        axes[0, 0].hist(part["mean"], bins=np.linspace(0, max(64, clips["mean"].max()), 33), alpha=0.6, label=split)
        axes[0, 1].hist(part["frames"], bins=30, alpha=0.6, label=split)
    axes[0, 0].set(xlabel="mean luma of a clip, 0 to 255", ylabel="clips")
    axes[0, 1].set(xlabel="frames of a clip", ylabel="clips")
    labels = sorted(clips["label"].unique())
    places, left = np.arange(len(labels)), np.zeros(len(labels))
    for split, part in clips.groupby("split", sort=False):
        counts = part["label"].value_counts().reindex(labels, fill_value=0).to_numpy()
        axes[1, 0].barh(places, counts, left=left, alpha=0.8, label=split)
        left += counts
    axes[1, 0].set(xlabel="clips")
    grouped = clips[clips["group"] != ""]
    groups = grouped.groupby("label")["group"].nunique().reindex(labels, fill_value=0).to_numpy()
    axes[1, 1].barh(places, groups, color="grey")
    axes[1, 1].set(xlabel="groups" if len(grouped) else "groups (none are known)")
    size = 9 if len(labels) <= 25 else max(3, 9 - len(labels) // 15)
    for one in axes[1]:
        one.set_yticks(places, labels, fontsize=size)
        one.invert_yaxis()
    for one in (axes[0, 0], axes[0, 1], axes[1, 0]):
        one.legend(frameon=False)
    write_aside(path, lambda aside: aside.write_bytes(style.png(figure, dpi=110)))


def contact_sheet(pictures: Mapping[str, Sequence[np.ndarray]], path: Path) -> None:
    """Draw a row of frames for each class, and below it the same frames made brighter.

    Args:
        pictures: class -> frames uint8 (H, W, 3) RGB, all of one size.
        path: of the picture (png).
    """
    rows = []
    for name, frames in list(pictures.items())[:_CLASSES]:
        shown = [frames[place] for place in _spread(len(frames))]
        for gamma, words in ((1.0, name), (_GAMMA, f"gamma {_GAMMA}")):
            rows.append(_row([_brighter(frame, gamma) for frame in shown], words))
    if rows:
        sheet = np.concatenate(rows)
        write_aside(path, lambda aside: aside.write_bytes(_png(sheet)))


def pairs_sheet(pairs: Sequence[tuple[str, np.ndarray, np.ndarray]], path: Path) -> None:
    """Draw two frames side by side for each pair, made brighter, with what is said of them."""
    rows = [
        _row([_brighter(one, _GAMMA), _brighter(other, _GAMMA)], words, 2) for words, one, other in pairs[:_CLASSES]
    ]
    if rows:
        sheet = np.concatenate(rows)
        write_aside(path, lambda aside: aside.write_bytes(_png(sheet)))


def _spread(count: int) -> list[int]:
    return list(dict.fromkeys(np.linspace(0, count - 1, min(count, _A_CLASS)).round().astype(int).tolist()))


def _brighter(frame: np.ndarray, gamma: float) -> np.ndarray:
    return np.rint(255 * (frame / 255.0) ** gamma).astype(np.uint8)


def _row(frames: Sequence[np.ndarray], words: str, places: int = _A_CLASS) -> np.ndarray:
    height, width = frames[0].shape[:2]
    row = np.full((height + 4, _NAME + places * (width + 4), 3), 255, np.uint8)
    plain = words.encode("ascii", "replace").decode()  # OpenCV's letters
    for line, start in enumerate(range(0, min(len(plain), 54), 18)):
        at = (4, 16 + 16 * line)
        cv2.putText(row, plain[start : start + 18], at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    for place, frame in enumerate(frames):
        left = _NAME + place * (width + 4)
        row[2 : 2 + height, left : left + width] = frame
    return row


def _png(pixels: np.ndarray) -> bytes:
    data: bytes = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
    return data
