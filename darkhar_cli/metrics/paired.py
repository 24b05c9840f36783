"""Two methods paired clip by clip: the difference of their macro recalls, its test and interval, and corrections.

What each cluster of clips (recording, background) adds to the difference is the unit of evidence: with weights
`w = 1 / (classes * clips of the class)` it is the sum of `w * (b - a)` over its clips. One seed each says something of
two trained models, by a sign-flip test; several say something of the methods, by the variance of `replicates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics.replicates import POWER, Crossed, crossed, recall_weights
from darkhar_cli.metrics.statistics import FEWEST, TIE, Clusters, clusters

ALPHA = 0.05
EXACT_UNITS = 16  # sign flips of up to so many units that differ are enumerated: 65,536 at most
FEW_UNITS = 14  # the sign flip's own power is worked out of up to so many: a second
RESAMPLES = 9999  # of more units, so many are drawn, always the same ones


@dataclass(frozen=True)
class Difference:
    """How b differs from a.

    Attributes:
        seeds: how many pairs of seeds.
        n: how many clips.
        by: their clusters.
        a, b: the macro recall of each, over seeds.
        recall: b - a in macro recall: what p is about.
        p: of the sign-flip test over clusters (one seed), or of the t test over clusters and seeds.
        share: b - a in the share of clips.
        differing: how many clusters add to the difference, for either side.
        mcnemar: by clip, right in most of its folds; nan of several seeds.
        cancelling: how many clusters have clips that differ, but add nothing: what one side gains there it loses.
    """

    seeds: int
    n: int
    by: Clusters
    a: Crossed
    b: Crossed
    recall: Crossed
    share: Crossed
    p: float
    differing: int
    mcnemar: float
    cancelling: int = 0

    @property
    def of_methods(self) -> bool:
        """Whether it compares methods, not only two trained models."""
        return self.seeds > 1

    def needed(self, comparisons: int) -> int:
        """Return how many clusters must differ before any test can decide one of so many comparisons."""
        return FEWEST if self.of_methods else least_units(comparisons)

    def smallest(self, comparisons: int) -> float:
        """Return the smallest true difference in macro recall that is detected in `POWER` of all cases.

        It is the larger one of the t test's and, with one seed and few clusters, the sign flip's. nan where too few
        clusters differ for any test.

        Args:
            comparisons: how many are made; the test's level is `ALPHA / comparisons`, Holm's hardest.
        """
        if self.differing < self.needed(comparisons):
            return np.nan
        smallest = self.recall.smallest(ALPHA / max(comparisons, 1))
        if self.of_methods or self.differing > min(self.needed(comparisons) + 4, FEW_UNITS):
            return smallest
        return float(np.fmax(smallest, _flip_shift(self.differing, comparisons) * self.recall.error))


def sign_flip(units: Sequence[float]) -> float:
    """Return the two-sided p of what units add to a difference (U,): the chance of a sum at least as far from 0.

    Without a difference what each unit adds could as well have the other sign (Fisher 1935; SciPy's permutation test).
    Flipping a 0 changes nothing, so only units that differ are flipped; by clip, each weighing the same, that is
    McNemar's exact test. The least p of U units is 2 / 2**U: five never reach 0.05, and eight never do after `holm`
    over eight comparisons, so there no false winner can be named, nor a true one. Only zeros give 1, no units nan.
    """
    from scipy.stats import permutation_test

    if not len(units):
        return np.nan
    units = np.sort(np.asarray(units, float))  # sorted: draws do not depend on the order of clips
    units = units[np.abs(units) > 10.0**-TIE]
    if len(units) < 2:
        return 1.0
    draws = 2**EXACT_UNITS if len(units) <= EXACT_UNITS else RESAMPLES
    options = {"permutation_type": "samples", "rng": np.random.default_rng(0), "batch": 2048}  # batch bounds memory
    test = permutation_test((units,), lambda u, axis: u.sum(axis=axis).round(TIE), n_resamples=draws, **options)
    return float(test.pvalue)


def least_units(comparisons: int) -> int:
    """Return how many units must differ before a sign flip can decide one of so many comparisons (Holm)."""
    return int(np.floor(np.log2(2 * max(comparisons, 1) / ALPHA))) + 1


@lru_cache
def _flip_shift(units: int, comparisons: int, draws: int = 2000) -> float:
    """Return what shift of normal units' mean the sign flip finds in `POWER` of all cases, in the mean's errors.

    At the level of the first of so many comparisons (Holm) it rejects while at most k of the 2**U patterns of signs
    reach as far, the given one among them. Another one, in which the units S change sign, does so until the shift
    passes -mean(units in S); so a draw is found from the k-th largest of these on. Of few units k is small (1 of 6),
    and this is up to a quarter more than what a t test needs; from about `least_units` + 4 on the two agree.
    """
    k = int(np.ceil(ALPHA * 2**units / (2 * max(comparisons, 1)))) - 1
    flipped = ((np.arange(1, 2**units)[:, None] >> np.arange(units)) & 1).astype(np.float32)
    flipped /= flipped.sum(axis=1, keepdims=True)
    normal = np.random.default_rng(0).standard_normal((draws, units), dtype=np.float32)
    thresholds = [np.partition(-some @ flipped.T, -k, axis=1)[:, -k] for some in np.array_split(normal, 20)]
    return float(np.quantile(np.concatenate(thresholds), POWER) * np.sqrt(units))


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


def clusters_of(tables: Sequence[pd.DataFrame]) -> Clusters:
    """Return the clusters of the clips that all tables score; backgrounds are those of the first that knows any."""
    scenes = (table["scene"] for table in tables if "scene" in table)
    scenes = (names for names in scenes if names.astype(object).fillna("").ne("").any())
    return clusters(len(tables[0]), tables[0]["group"], next(scenes, None))


def compare(a: Sequence[pd.DataFrame], b: Sequence[pd.DataFrame], by: Clusters | None = None) -> Difference:
    """Return how b differs from a.

    Args:
        a: a table for each seed: a row per clip with id, group, label, right, and `scene` where backgrounds are known.
        b: as many tables, of the same clips in the same order.
        by: the clips' clusters; those of `clusters_of` where None.

    Raises:
        BadRequest: the clips, groups or labels are not the same, or a clip occurs twice.
    """
    first = a[0]
    for table in (*a, *b):
        _refuse_others(first, table)
    if first["id"].duplicated().any():
        twice = first["id"][first["id"].duplicated()].iloc[0]
        raise BadRequest(f"clip {twice!r} is scored twice: compare one result per clip")
    rights = [np.stack([table["right"].to_numpy(float) for table in tables]) for tables in (a, b)]
    by = clusters_of([*a, *b]) if by is None else by
    if not len(first):
        none = Crossed(np.nan, np.full(len(a), np.nan), 0.0, 1.0, 0)
        return Difference(len(a), 0, by, none, none, none, none, np.nan, 0, 1.0)
    differences, labels = rights[1] - rights[0], first["label"].astype(str)
    adds = np.stack([np.bincount(by.codes, recall_weights(labels) * row) for row in differences])  # (S, clusters)
    differ = (np.abs(adds) > 10.0**-TIE).any(axis=0)
    changed = np.bincount(by.codes, (np.abs(differences) > 10.0**-TIE).any(axis=0)) > 0
    recall = crossed(differences, labels, by)
    single = len(a) == 1
    return Difference(
        len(a),
        len(first),
        by,
        crossed(rights[0], labels, by),
        crossed(rights[1], labels, by),
        recall,
        crossed(differences, np.zeros(len(first)), by),
        sign_flip(adds[0]) if single else recall.p(),
        int(differ.sum()),
        mcnemar(rights[0][0] > 0.5, rights[1][0] > 0.5) if single else np.nan,
        int((changed & ~differ).sum()),
    )


def _refuse_others(first: pd.DataFrame, table: pd.DataFrame) -> None:
    left, right = (clips[["id", "group", "label"]].astype(object).fillna("").to_numpy() for clips in (first, table))
    if left.shape != right.shape or (left != right).any():
        raise BadRequest(
            f"the two do not score the same clips, groups and labels ({len(first)} and {len(table)} clips)"
        )
