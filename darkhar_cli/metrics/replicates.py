"""Numbers over clips and seeds at once: what a method scores, though its seeds and the recordings could be others.

Clips of a cluster (a recording, a background) go right or wrong together, and so do all clips under one seed, for
training ends elsewhere each time. A mean over both varies by either, so its variance crosses them: with mean squares
between clusters, between seeds and of their interaction, `(MS_C + MS_S - MS_CS) / (C S)` (a two-way random-effects
layout). With a single seed only clusters vary, and the number is of the trained model, not of the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkhar_cli.metrics import cluster_robust
from darkhar_cli.metrics.cluster_robust import NOTHING
from darkhar_cli.metrics.statistics import FEWEST, Clusters

POWER = 0.8


@dataclass(frozen=True)
class Crossed:
    """A mean over seeds, with its standard error.

    Attributes:
        value: the mean.
        by_seed: the number of each seed (S,).
        error: the standard error.
        freedom: degrees of freedom of Student's t.
        clusters: how many clusters the clips are in.
    """

    value: float
    by_seed: np.ndarray
    error: float
    freedom: float
    clusters: int

    @property
    def spread(self) -> float:
        """The standard deviation over seeds; nan of one."""
        return float(self.by_seed.std(ddof=1)) if len(self.by_seed) > 1 else np.nan

    def p(self) -> float:
        """Return the two-sided p of a mean of 0; 1 where nothing varies, for nothing can be concluded from that."""
        from scipy import stats

        if self.clusters < FEWEST or self.error < NOTHING:
            return 1.0
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom))

    def smallest(self, alpha: float) -> float:
        """Return the smallest true difference that a two-sided t test at alpha finds in `POWER` of cases, or nan."""
        from scipy import stats

        if self.clusters < FEWEST or self.error < NOTHING:
            return np.nan
        return float((stats.t.ppf(1 - alpha / 2, self.freedom) + stats.t.ppf(POWER, self.freedom)) * self.error)

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a difference, within -1..1; (nan, nan) of too few clusters."""
        from scipy import stats

        if self.clusters < FEWEST:
            return np.nan, np.nan
        if self.error < NOTHING:
            return cluster_robust.unseen_interval(self.value, self.clusters, -1.0)
        half = float(stats.t.ppf(0.975, self.freedom)) * self.error
        return max(self.value - half, -1.0), min(self.value + half, 1.0)

    def share_interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a share (0..1) on the logit scale; (nan, nan) of too few clusters."""
        if self.clusters < FEWEST:
            return np.nan, np.nan
        if self.error < NOTHING or not NOTHING < self.value < 1 - NOTHING:
            return cluster_robust.unseen_interval(self.value, self.clusters)
        return cluster_robust.logit_interval(self.value, self.error, self.freedom)


def recall_weights(labels: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Return what each clip (N,) weighs in macro recall: 1 / (classes that occur * clips of its class)."""
    _, codes, counts = np.unique(np.asarray(labels, dtype=str), return_inverse=True, return_counts=True)
    return 1 / (len(counts) * counts[codes])


def crossed(values: np.ndarray, labels: Sequence[Any] | np.ndarray, by: Clusters) -> Crossed:
    """Return the mean over seeds of the mean over classes of per-clip values; one class gives the mean over clips.

    The variance is V_C + V_S - V_CS, but at least V_C and V_S: between clusters (see `robust.residuals`), between
    seeds, and of what seeds change in a cluster. Degrees of freedom are Satterthwaite's (1946), at least those of the
    side that has fewer, at most those of the clusters: their number less that of their strata, or less where they are
    unequal (Kish 1965: of weights w, clusters are worth `sum(w)**2 / sum(w**2)`). In simulated worlds without a
    difference p < .05 comes in at most 6 % of them.

    Args:
        values: of each seed and clip (S, N): rights, or their differences; N > 0.
        labels: classes of the clips (N,).
        by: clusters of the clips.
    """
    values = np.asarray(values, float)
    by_seed = values @ recall_weights(labels)
    if by.count < 2:
        return Crossed(float(by_seed.mean()), by_seed, 0.0, 1.0, by.count)
    codes = np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1]
    scores = values / (int(codes.max()) + 1)
    residuals, strata = cluster_robust.residuals(scores, np.ones(len(codes)), codes, by.codes)  # (S, C), (C,)
    counts = np.bincount(strata)
    weights = ((counts - 1) / counts)[strata]
    means, seeds = residuals.mean(axis=0), len(values)
    worth = 1 / (np.bincount(by.codes, recall_weights(labels)) ** 2).sum()
    free = max(min(float((counts - 1).sum()), worth - 1), 1.0)
    of_clusters = float(weights @ means**2)
    if seeds == 1:
        return Crossed(float(by_seed[0]), by_seed, np.sqrt(of_clusters), free, by.count)
    of_seeds = by_seed.var(ddof=1) / seeds
    both = float(((residuals - means) ** 2 @ weights).sum() / (seeds * (seeds - 1)))
    total = max(of_clusters + of_seeds - both, 0.0)
    parts = of_clusters**2 / free + of_seeds**2 / (seeds - 1) + both**2 / (free * (seeds - 1))
    freedom = np.clip(total**2 / max(parts, NOTHING**2), min(free, seeds - 1), free)
    error = np.sqrt(max(total, of_clusters, of_seeds))
    return Crossed(float(by_seed.mean()), by_seed, float(error), float(freedom), by.count)
