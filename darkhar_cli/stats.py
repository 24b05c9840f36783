"""What numbers mean: intervals, paired tests and corrections, from per-clip results alone.

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
ALPHA = 0.05
EXACT_UNITS = 16  # sign flips of up to so many units that differ are enumerated: 65,536 at most
RESAMPLES = 9999  # of more units, so many are drawn, always the same ones
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


def difference_interval(differences: Sequence[float], groups: Groups, level: float = 0.95) -> tuple[float, float]:
    """Return what `group_interval` does for paired differences in -1..1 (N,), clipped to -1..1."""
    return _t_interval(_units(differences, groups)[0], -1.0, 1.0, level)


def sign_flip(differences: Sequence[float], groups: Groups) -> float:
    """Return the two-sided p of paired differences (N,): the chance of a mean over groups at least as far from 0.

    Without a difference each group's mean could as well have the other sign (Fisher 1935; SciPy's permutation test).
    Flipping a 0 changes nothing, so only units that differ are flipped; by clip that is McNemar's exact test. The
    least p of G groups is 2 / 2**G: five groups never reach 0.05, and eight never do after `holm` over eight
    comparisons, so there no false winner can be named, nor a true one. Only zeros give 1, no clips nan.
    """
    from scipy.stats import permutation_test

    if not len(differences):
        return np.nan
    units = np.sort(_units(differences, groups)[0])  # sorted: draws do not depend on the order of clips
    units = units[np.abs(units) > 10.0**-TIE]
    if len(units) < 2:
        return 1.0
    draws = 2**EXACT_UNITS if len(units) <= EXACT_UNITS else RESAMPLES
    options = {"permutation_type": "samples", "rng": np.random.default_rng(0), "batch": 2048}  # batch bounds memory
    test = permutation_test((units,), lambda u, axis: u.mean(axis=axis).round(TIE), n_resamples=draws, **options)
    return float(test.pvalue)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Return p values (M,) adjusted for being several (Holm 1979, by statsmodels); NaNs stay and do not count."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.array(p_values, float)
    known = ~np.isnan(adjusted)
    if known.any():
        adjusted[known] = multipletests(adjusted[known], method="holm")[1]
    return adjusted


def mcnemar(right_a: Sequence[bool], right_b: Sequence[bool]) -> float:
    """Return McNemar's exact p (1947, by statsmodels) of two results (N,), (N,), which takes clips for independent."""
    from statsmodels.stats.contingency_tables import mcnemar as test

    a, b = np.asarray(right_a, bool), np.asarray(right_b, bool)
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    return float(test(table, exact=True).pvalue) if (a != b).any() else 1.0


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


def compare(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, float]:
    """Return how b differs from a (columns id, group, right; a row per clip, both in the same order).

    n clips in `groups` groups (0: none known), accuracy_a and accuracy_b (shares of clips), difference (b - a, mean
    over groups: what lower, upper and p are about), p (sign flip), mcnemar (by clip, right in most of its folds).
    It raises BadRequest where the clips or groups are not the same, or a clip occurs twice.
    """
    left, right = (table[["id", "group"]].astype(object).fillna("").to_numpy() for table in (a, b))
    if left.shape != right.shape or (left != right).any():
        raise BadRequest(f"the two do not score the same clips and groups ({len(a)} and {len(b)} clips)")
    if a["id"].duplicated().any():
        raise BadRequest(f"clip {a['id'][a['id'].duplicated()].iloc[0]!r} is scored twice: compare one result per clip")
    differences = b["right"].to_numpy(float) - a["right"].to_numpy(float)
    units, grouped = _units(differences, a["group"])
    low, high = difference_interval(differences, a["group"])
    return {
        "n": len(a),
        "groups": len(units) if grouped else 0,
        "accuracy_a": float(a["right"].mean()),
        "accuracy_b": float(b["right"].mean()),
        "difference": float(units.mean()) if len(units) else np.nan,
        "lower": low,
        "upper": high,
        "p": sign_flip(differences, a["group"]),
        "mcnemar": mcnemar(a["right"] > 0.5, b["right"] > 0.5),
    }


def sentence(result: dict[str, float], name_a: str, name_b: str, p_adjusted: float) -> str:
    """Return a comparison (of `compare`) in plain words; p_adjusted, by `holm` over all comparisons, alone decides."""
    if not result["n"]:
        return f"No clips to compare {name_a} and {name_b} by."
    shares = result["difference"], result["accuracy_b"] - result["accuracy_a"], result["lower"], result["upper"]
    swap = (differ := p_adjusted < ALPHA) and result["difference"] < 0  # the winner comes first
    by_group, by_clip, low, high = (f"{round(-100 * x if swap else 100 * x, 1) + 0:+.1f}" for x in shares)
    if swap:
        name_a, name_b, low, high = name_b, name_a, high, low
    p = "p < 0.001" if p_adjusted < 0.001 else f"p = {p_adjusted:.{'2f' if p_adjusted >= 0.1 else '3g'}}"
    clips = f"in {_count(result['groups'], 'group')}" if result["groups"] else "taken as independent"
    facts = ["no interval" if np.isnan(result["lower"]) else f"95 % interval {low} to {high}", p]
    facts.append(f"{_count(result['n'], 'clip')} {clips}")
    if by_group != by_clip:
        facts.append(f"each group counting once; {by_clip} by clip")
    if differ:
        return f"{name_b} is better than {name_a} by {by_group[1:]} points ({', '.join(facts)})."
    return f"No evidence of a difference between {name_a} and {name_b} ({', '.join([f'{by_group} points', *facts])})."
