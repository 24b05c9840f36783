"""Accuracy by how bright clips are."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics import statistics

# Of 150 real dark clips (EE6222, mean luma 7 to 37, median 17) the bins from 5 to 60 hold 13, 52, 32, 39 and 14.
LUMA_EDGES = (0, 5, 10, 15, 20, 30, 60, 256)
COLUMNS = ["low", "high", "n", "correct", "accuracy", "lower", "upper", "groups", "interval"]


def by_brightness(
    luma: Sequence[float],
    right: Sequence[float],
    by: statistics.Clusters | statistics.Groups = None,
    edges: Sequence[float] = LUMA_EDGES,
) -> pd.DataFrame:
    """Return accuracy by mean luma of clips (N,): columns `COLUMNS`, intervals as `stats.share_interval` makes them.

    A bin holds low <= luma < high; empty bins stay, with n of 0. `groups` counts the clusters that have clips in a bin.

    Args:
        luma: of each clip.
        right: how right each clip is, 0..1.
        by: the clips' clusters, or the names of their groups.
        edges: of the bins.

    Raises:
        BadRequest: a luma is not a number within the edges.
    """
    luma, right = np.asarray(luma, float), np.asarray(right, float)
    if (outside := ~((luma >= edges[0]) & (luma < edges[-1]))).any():
        raise BadRequest(f"mean luma {luma[outside][0]} is not in {edges[0]}..{edges[-1]}")
    by = statistics.as_clusters(by, len(luma))
    rows = []
    for low, high in itertools.pairwise(edges):
        inside = (luma >= low) & (luma < high)
        interval, n = statistics.share_interval(right[inside], by.of(inside)), int(inside.sum())
        basis = interval.groups, interval.method if n else ""
        rows.append((low, high, n, right[inside].sum(), interval.value, interval.low, interval.high, *basis))
    return pd.DataFrame(rows, columns=COLUMNS)
