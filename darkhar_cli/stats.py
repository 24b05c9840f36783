"""What numbers mean: intervals, from per-clip results alone.

The unit of evidence is the group (a recording, a scene, an actor), for the clips of one group go right or wrong
together. So intervals and tests are over group means, each group counting once; where groups differ in size their
mean is not the share of clips. Clips without a group are a group each; where no clip has one, clips are the units.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest

Groups = Sequence[str] | None
TIE = 12  # decimals: means that differ by rounding alone are equal
# Of 150 real dark clips (EE6222, mean luma 7 to 37, median 17) the bins from 5 to 60 hold 13, 52, 32, 39 and 14.
LUMA_EDGES = (0, 5, 10, 15, 20, 30, 60, 256)


def _count(n: int, what: str) -> str:
    """Return `1 clip`, `2 clips`."""
    return f"{n} {what}{'s' if n != 1 else ''}"


def _units(values: Sequence[float], groups: Groups) -> tuple[np.ndarray, bool]:
    """Return the mean of each group, (G,) in order of name, and True; or the values (N,) and False without groups."""
    values = np.asarray(values, float)
    names = np.array(["" if pd.isna(name) else str(name) for name in ([] if groups is None else groups)], dtype=object)
    if not names.any():
        return values, False
    codes, found = pd.factorize(names, sort=True)
    codes = pd.factorize(np.where(names == "", len(found) + np.arange(len(names)), codes), sort=True)[0]
    return np.bincount(codes, values) / np.bincount(codes), True


def _equal(units: np.ndarray) -> bool:
    """Return whether units (G,), G > 0, differ by rounding at most."""
    return bool(np.ptp(units) < 10.0**-TIE)


def wilson(correct: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share of n independent clips (Wilson 1927, by SciPy); (nan, nan) where n is 0.

    A count that is not whole (a mean over folds) gets the lower end of the count below and the upper of the one above.
    """
    from scipy.stats import binomtest

    if n == 0:
        return np.nan, np.nan
    below, above = (int(way(round(correct, TIE))) for way in (np.floor, np.ceil))
    low, high = (binomtest(k, n).proportion_ci(level, method="wilson") for k in (below, above))
    return float(low.low), float(high.high)


def _t_interval(units: np.ndarray, floor: float, ceiling: float, level: float) -> tuple[float, float]:
    """Return Student's t interval of the mean of units (G,), within floor..ceiling; (nan, nan) of fewer than two.

    Equal units have no spread to go by, but G of them do not prove that all are so: a share of units up to Wilson's
    upper limit of 0 in G may be otherwise, at worst at the floor or the ceiling, and could draw the mean so far. For
    groups all right or all wrong that is Wilson's interval of G of G, or of 0 of G.
    """
    from scipy import stats

    if (n := len(units)) < 2:
        return np.nan, np.nan
    mean = units.mean()
    if _equal(units):
        unseen = wilson(0, n, level)[1]
        below, above = unseen * (mean - floor), unseen * (ceiling - mean)
    else:
        below = above = stats.t.ppf((1 + level) / 2, n - 1) * units.std(ddof=1) / np.sqrt(n)
    return float(max(mean - below, floor)), float(min(mean + above, ceiling))


def group_interval(right: Sequence[float], groups: Groups, level: float = 0.95) -> tuple[float, float]:
    """Return Student's t interval of the mean over groups of per-clip values in 0..1 (N,), clipped to 0..1.

    Fewer than two groups give (nan, nan), equal groups an interval of Wilson's width (see `_t_interval`).
    Where almost every clip is right (or wrong) it is too narrow: no spread of few groups shows what is rare.
    """
    return _t_interval(_units(right, groups)[0], 0.0, 1.0, level)


def interval(right: Sequence[float], groups: Groups) -> tuple[float, float, str]:
    """Return low, high and the method: by group where any clip (N,) has one, else Wilson's by clip."""
    units, grouped = _units(right, groups)
    if not grouped:
        return *wilson(units.sum(), len(units)), "Wilson, clips independent"
    word = f"t over {_count(len(units), 'group')}" + (", all equal" if len(units) > 1 and _equal(units) else "")
    return *_t_interval(units, 0.0, 1.0, 0.95), word


def calibration_error(
    probabilities: np.ndarray, truth: Sequence[int], bins: int = 15, weights: np.ndarray | None = None
) -> float:
    """Return the expected calibration error of probabilities (N, K) for class indices (N,); nan of no clips.

    Guo et al. 2017, eq. 3: |accuracy - confidence| of the best class in bins ((m-1)/M, m/M], weighted by clips.
    """
    probabilities, truth = np.asarray(probabilities, float), np.asarray(truth)
    if not len(truth):
        return np.nan
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    where = np.clip(np.ceil((confidence * bins).round(TIE)) - 1, 0, bins - 1).astype(int)
    share = np.ones(len(truth)) if weights is None else weights
    return float(np.abs(np.bincount(where, share * (right - confidence))).sum() / share.sum())


def top_k(probabilities: np.ndarray, truth: Sequence[int], k: int, weights: np.ndarray | None = None) -> float:
    """Return the share of clips (N,) whose class is among the k best of (N, K); BadRequest where k is below 1."""
    if k < 1:
        raise BadRequest(f"top-k needs k of 1 or more, not {k}")
    truth = np.asarray(truth)
    best = np.argsort(-np.asarray(probabilities, float), axis=1, kind="stable")[:, :k]  # as argmax: of equals the first
    return float(np.average((best == truth[:, None]).any(axis=1), weights=weights)) if len(truth) else np.nan


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
