"""A run's worst mistakes: clips that were taken for another class, the surest first, and a frame of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.metrics import tables
from darkhar_cli.native_stderr import quiet_start

if TYPE_CHECKING:
    from darkhar_cli.report.clips_shown import Chain

_WIDTH = 320  # pixels of a picture


@dataclass(frozen=True)
class Mistake:
    """One clip that was taken for another class.

    Attributes:
        id, group, label: of the clip.
        predicted: the class it was taken for.
        p_predicted, p_label: mean probability over its scorings of that class, and of its own.
        frames: positions of the frames that were scored (T,), where that is known.
    """

    id: str
    group: str
    label: str
    predicted: str
    p_predicted: float
    p_label: float
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class MistakeShown:
    """A mistake with a frame of it.

    Attributes:
        mistake: what it is.
        position: of the frame in the clip.
        dark, enhanced: that frame as recorded and as the model saw it, bytes of a JPEG.
    """

    mistake: Mistake
    position: int
    dark: bytes
    enhanced: bytes


def worst_mistakes(predictions: pd.DataFrame, split: str, most: int = 6) -> list[Mistake]:
    """Return the clips of a split whose mean probabilities favour another class, the surest of it first.

    Args:
        predictions: a run's predictions.csv.
        split: of which.
        most: how many.
    """
    part = predictions[predictions["split"] == split]
    names = [name for name in part.columns if name.startswith("p_")]
    classes = [name.removeprefix("p_") for name in names]
    if part.empty:
        return []
    mean = part.groupby("id")[names].mean()
    first = part.drop_duplicates("id").set_index("id").loc[mean.index]
    p = tables.probabilities(mean, classes)
    truth = first["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
    taken, rows = p.argmax(axis=1), np.arange(len(p))
    order = sorted(rows[taken != truth], key=lambda i: (-p[i, taken[i]], mean.index[i]))
    return [
        Mistake(
            str(mean.index[i]),
            str(first["group"].iloc[i]),
            classes[truth[i]],
            classes[taken[i]],
            float(p[i, taken[i]]),
            float(p[i, truth[i]]),
            _positions(first.get("frames"), i),
        )
        for i in order[:most]
    ]


def _positions(frames: pd.Series | None, i: int) -> tuple[int, ...]:
    """Return the whole positions that the column `frames` names."""
    words = [] if frames is None else str(frames.iloc[i]).replace("|", " ").replace(",", " ").split()
    try:
        return tuple(sorted({round(float(word)) for word in words}))
    except ValueError:
        return ()


def shown(mistakes: Sequence[Mistake], clips: Clips, chain: "Chain") -> list[MistakeShown]:
    """Return mistakes with a frame from the middle of each, enhanced by a run's chain; clips not there are left out.

    Raises:
        FailedWork: a clip cannot be read; names it.
    """
    with quiet_start():  # TensorFlow, and only now
        from darkhar_cli.report.clips_shown import Enhancer, encoded, of_data_set, resized
    rows = {str(clip_id): row for row, clip_id in clips.table["id"].items()}
    known = [mistake for mistake in mistakes if mistake.id in rows]
    enhance, made = Enhancer(chain), []
    for mistake, clip in zip(known, of_data_set(clips, [rows[one.id] for one in known]), strict=True):
        positions = [p for p in mistake.frames if p < clip.n_frames] or [clip.n_frames // 2]
        middle = len(positions) // 2
        if enhance.scope == "frame":
            positions, middle = positions[middle : middle + 1], 0
        frames = clip.frames(positions)
        pair = (encoded(resized(some[middle], _WIDTH), ".jpg") for some in (frames, enhance.levels(frames)))
        made.append(MistakeShown(mistake, positions[middle], *pair))
    return made
