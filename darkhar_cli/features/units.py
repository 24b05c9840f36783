"""What is computed together, and so kept together: names of bank entries, and what of each is wanted."""

from collections.abc import Iterable
from enum import Enum
from hashlib import sha256

import numpy as np
import pandas as pd

Wanted = dict[str, tuple[int, np.ndarray]]  # entry -> clip's row, positions
_NONE = np.zeros(0, np.int64)


class Unit(Enum):
    """What is computed together, and so kept together."""

    FRAME = "frame"  # each frame on its own
    SAMPLE = "sample"  # a clip's sampled frames: an enhancement of scope `clip`
    CLIP = "clip"  # a whole clip: an extractor of scope `clip`


def entry_name(unit: Unit, table: pd.DataFrame, row: int, positions: np.ndarray) -> str:
    """Return the name of the entry that holds some positions (T,) int64 of a clip, by its row in the clips' table."""
    digest = table.at[row, "digest"]
    if unit is not Unit.SAMPLE:
        return digest
    return f"{digest}-{sha256(positions.astype('<i8').tobytes()).hexdigest()[:16]}"


def wanted_entries(unit: Unit, table: pd.DataFrame, requests: Iterable[tuple[int, np.ndarray]]) -> Wanted:
    """Return the entries that requests (row, positions (T,)) need, and what of each."""
    wanted: Wanted = {}
    for row, asked in requests:
        positions = asked.astype(np.int64)
        name = entry_name(unit, table, row, positions)
        if unit is Unit.CLIP:
            positions = np.arange(table.at[row, "n_frames"])
        elif unit is Unit.FRAME:
            positions = np.union1d(positions, wanted[name][1] if name in wanted else _NONE)
        wanted[name] = (row, positions)
    return wanted
