"""Two results paired clip by clip: tests, corrections, and what may be said; from per-clip results alone.

The unit of evidence is the group, as in `stats`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.stats import TIE, Groups, _count, _t_interval, _units

ALPHA = 0.05
EXACT_UNITS = 16  # sign flips of up to so many units that differ are enumerated: 65,536 at most
RESAMPLES = 9999  # of more units, so many are drawn, always the same ones


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
