"""Which clips of a predictions table go right or wrong together."""

from collections.abc import Sequence

import pandas as pd


def unit_names(predictions: pd.DataFrame, ids: Sequence[str]) -> list[str]:
    """Return the unit of each clip: its group where any clip has one, else its scene where known, else empty.

    Args:
        predictions: columns id, group, and scene where backgrounds were looked at.
        ids: the clips asked about.
    """
    for name in ("group", "scene"):
        if name in predictions and predictions[name].astype(bool).any():
            return predictions.groupby("id")[name].first().loc[list(ids)].tolist()
    return [""] * len(ids)
