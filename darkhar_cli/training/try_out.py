"""A network that comes from a file is tried on two clips before all others are computed."""

from collections.abc import Callable, Sequence

import numpy as np

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.errors import FailedWork
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.features.frozen_extractor import Frozen
from darkhar_cli.models.action_model import Part

_CLIPS = 2
_MOST_FRAMES = 96  # of each


def try_out(
    frozen: Frozen, clips: Clips, enhance: Sequence[Part], rows: Sequence[int], tell: Callable[[str], None]
) -> bool:
    """Try a frozen extractor that asks for it on the first two clips of other content and classes, where there are two.

    Args:
        frozen: the extractor.
        clips: of the data set.
        enhance: how frames are lit before.
        rows: of clips that features are to be computed of.
        tell: told how it did.

    Returns:
        Whether nothing is left to try.

    Raises:
        FailedWork: its features cannot be right; names the clips.
    """
    trial = frozen.extractor.trial
    if trial is None:
        return True
    chosen = _unlike(clips, rows)
    if len(chosen) < _CLIPS:
        return False
    last = frozen.last if frozen.whole else None  # a clip-wide extractor takes levels, others what enhancement gives
    loader = HostFrames(clips, enhance, frozen.extractor.size, last)
    seen = []
    for row in chosen:
        frames = loader(row, np.arange(min(clips.table.at[row, "n_frames"], _MOST_FRAMES)))
        seen.append((frames, float(clips.table.at[row, "fps"])))
    try:
        tell(trial(seen))
    except FailedWork as problem:
        names = " and ".join(clips.table.loc[chosen, "id"])
        raise FailedWork(f"tried on {names}: {problem}") from problem
    return True


def _unlike(clips: Clips, rows: Sequence[int]) -> list[int]:
    """Return two rows of different content, of different classes where there are such."""
    table = clips.table.loc[list(rows)].drop_duplicates("digest")
    of_classes = table.drop_duplicates("label")
    return (of_classes if len(of_classes) >= _CLIPS else table).index[:_CLIPS].tolist()
