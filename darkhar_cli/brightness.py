"""Accuracy by how bright clips are."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.stats import wilson

# Of 150 real dark clips (EE6222, mean luma 7 to 37, median 17) the bins from 5 to 60 hold 13, 52, 32, 39 and 14.
LUMA_EDGES = (0, 5, 10, 15, 20, 30, 60, 256)


def by_brightness(luma: Sequence[float], right: Sequence[float], edges: Sequence[float] = LUMA_EDGES) -> pd.DataFrame:
    """Return accuracy by mean luma of clips (N,): columns low, high, n, correct, accuracy, lower, upper.

    A bin holds low <= luma < high; empty bins stay, with n of 0. Intervals are Wilson's, clips independent.
    It raises BadRequest where a luma is not a number within the edges.
    """
    luma, right = np.asarray(luma, float), np.asarray(right, float)
    if (outside := ~((luma >= edges[0]) & (luma < edges[-1]))).any():
        raise BadRequest(f"mean luma {luma[outside][0]} is not in {edges[0]}..{edges[-1]}")
    rows = []
    for low, high in itertools.pairwise(edges):
        part = right[(luma >= low) & (luma < high)]
        n, correct = len(part), float(part.sum())
        rows.append((low, high, n, correct, correct / n if n else np.nan, *wilson(correct, n)))
    return pd.DataFrame(rows, columns=["low", "high", "n", "correct", "accuracy", "lower", "upper"])
