"""Numbers over clips and seeds at once: what a method scores, though its seeds and the recordings could be others.

Clips of a cluster (a recording, a background) go right or wrong together, and so do all clips under one seed, for
training ends elsewhere each time. A mean over both varies by either, so its variance crosses them: with mean squares
between clusters, between seeds and of their interaction, `(MS_C + MS_S - MS_CS) / (C S)` (a two-way random-effects
layout). With a single seed only clusters vary, and the number is of the trained model, not of the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkhar_cli.stats import FEWEST, Clusters, wilson

POWER = 0.8
_NOTHING = 1e-12  # numbers that differ by less are equal but for rounding


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

        if self.clusters < FEWEST or self.error < _NOTHING:
            return 1.0
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom))

    def smallest(self, alpha: float) -> float:
        """Return the smallest true difference that a two-sided test at alpha finds in `POWER` of all cases, or nan."""
        from scipy import stats

        if self.clusters < FEWEST or self.error < _NOTHING:
            return np.nan
        return float((stats.t.ppf(1 - alpha / 2, self.freedom) + stats.t.ppf(POWER, self.freedom)) * self.error)

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a difference, within -1..1; (nan, nan) of too few clusters."""
        if self.clusters < FEWEST:
            return np.nan, np.nan
        if self.error < _NOTHING:
            return self._unseen(-1.0)
        half = self._t() * self.error
        return max(self.value - half, -1.0), min(self.value + half, 1.0)

    def share_interval(self) -> tuple[float, float]:
        """Return the 95 % interval of a share (0..1) on the logit scale; (nan, nan) of too few clusters."""
        if self.clusters < FEWEST:
            return np.nan, np.nan
        if self.error < _NOTHING or not _NOTHING < self.value < 1 - _NOTHING:
            return self._unseen(0.0)
        half = self._t() * self.error / (self.value * (1 - self.value))
        middle = np.log(self.value / (1 - self.value))
        return float(1 / (1 + np.exp(half - middle))), float(1 / (1 + np.exp(-half - middle)))

    def _t(self) -> float:
        from scipy import stats

        return float(stats.t.ppf(0.975, self.freedom))

    def _unseen(self, floor: float) -> tuple[float, float]:
        """Return how far the mean could lie off though no cluster differs: by Wilson's upper limit of 0 of them all."""
        unseen = wilson(0, self.clusters)[1]
        return self.value - unseen * (self.value - floor), self.value + unseen * (1 - self.value)


def recall_weights(labels: Sequence[str]) -> np.ndarray:
    """Return what each clip (N,) weighs in macro recall: 1 / (classes that occur * clips of its class)."""
    _, codes, counts = np.unique(np.asarray(labels, dtype=str), return_inverse=True, return_counts=True)
    return 1 / (len(counts) * counts[codes])


def crossed(values: np.ndarray, labels: Sequence[str], by: Clusters) -> Crossed:
    """Return the mean over seeds of the mean over classes of per-clip values; one class gives the mean over clips.

    The variance is V_C + V_S - V_CS, but at least V_C and V_S: between clusters (see `_changes`), between seeds, and of
    what seeds change in a cluster. Degrees of freedom are Satterthwaite's (1946), at least those of the side that has
    fewer, at most those of the clusters. In simulated worlds without a difference p < .05 comes in at most 6 % of them.

    Args:
        values: of each seed and clip (S, N): rights, or their differences; N > 0.
        labels: classes of the clips (N,).
        by: clusters of the clips.
    """
    values = np.asarray(values, float)
    by_seed = values @ recall_weights(labels)
    if by.count < 2:
        return Crossed(float(by_seed.mean()), by_seed, 0.0, 1.0, by.count)
    changes, strata = _changes(values, np.unique(np.asarray(labels, dtype=str), return_inverse=True)[1], by.codes)
    counts = np.bincount(strata)
    weights = ((counts - 1) / counts)[strata]
    means, free, seeds = changes.mean(axis=1), int((counts - 1).sum()), len(values)
    of_clusters = float(weights @ means**2)
    if seeds == 1:
        return Crossed(float(by_seed[0]), by_seed, np.sqrt(of_clusters), free, by.count)
    of_seeds = by_seed.var(ddof=1) / seeds
    both = float((weights @ (changes - means[:, None]) ** 2).sum() / (seeds * (seeds - 1)))
    total = max(of_clusters + of_seeds - both, 0.0)
    parts = of_clusters**2 / free + of_seeds**2 / (seeds - 1) + both**2 / (free * (seeds - 1))
    freedom = np.clip(total**2 / max(parts, _NOTHING**2), min(free, seeds - 1), free)
    error = np.sqrt(max(total, of_clusters, of_seeds))
    return Crossed(float(by_seed.mean()), by_seed, float(error), float(freedom), by.count)


def _changes(values: np.ndarray, labels: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what macro recall would change by without each cluster (C, S), and the cluster's stratum (C,).

    Over the classes that a cluster has clips of: `sum(value - class mean) / (other clips of the class) / classes`; the
    squares, summed within strata with (c - 1) / c, are the jackknife's variance (CR3: Bell and McCaffrey 2002). Where
    each cluster lies in one class, classes are strata; else there is one. A class that lies in a single cluster is
    compared with the mean of the other classes.

    Args:
        values: (S, N).
        labels: classes (N,), from 0, none left out.
        codes: clusters (N,), from 0, none left out; two or more.
    """
    classes, clusters = int(labels.max()) + 1, int(codes.max()) + 1
    whole = np.bincount(labels)
    means = np.stack([np.bincount(labels, row) for row in values]) / whole
    pairs, where = np.unique(codes * classes + labels, return_inverse=True)
    cluster, label = np.divmod(pairs, classes)
    residual = np.stack([np.bincount(where, row) for row in values - means[:, labels]])
    left = whole[label] - np.bincount(where)
    alone = left == 0
    others = (means.sum(axis=1, keepdims=True) - means) / max(classes - 1, 1)
    change = np.where(alone, (means - others)[:, label], residual / np.where(alone, 1, left)) / classes
    nested = len(pairs) == clusters and not alone.any()
    strata = label[np.argsort(cluster)] if nested else np.zeros(clusters, int)
    return np.stack([np.bincount(cluster, row, minlength=clusters) for row in change], axis=1), strata
