"""What numbers mean: intervals, from per-clip results alone.

The unit of evidence is the cluster: the group (a recording, a scene, an actor), for the clips of one group go right or
wrong together; where no clip has a group, clips of all but the same background; where no background is known either,
the clip. Clips without a group, or a background, are one each. Every interval is of the number that it comes with, on
the logit scale: `m ± t * se / (m * (1 - m))`, transformed back; the standard errors are those of `robust`.

Folds share training data, so an interval is about these models on new recordings, not about models trained anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.metrics import cluster_robust

Groups = Sequence[str] | None
TIE = 12  # decimals: means that differ by rounding alone are equal
FEWEST = 5  # clusters that an interval needs
GROUP, BACKGROUND, CLIP = "group", "background", "clip"


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval.

    Attributes:
        value: the number; nan of no clips.
        low: the lower end; nan where there are too few clusters for an interval.
        high: the upper end, likewise.
        method: what the interval rests on, in words.
        groups: how many clusters (groups, backgrounds or clips) it rests on.
    """

    value: float
    low: float
    high: float
    method: str
    groups: int


@dataclass(frozen=True)
class Clusters:
    """Which clips go right or wrong together.

    Attributes:
        codes: the cluster of each clip (N,), from 0 in order of name, none missing.
        kind: what a cluster is: `group`, `background` or `clip`.
    """

    codes: np.ndarray
    kind: str

    @property
    def count(self) -> int:
        """How many there are."""
        return int(self.codes.max()) + 1 if len(self.codes) else 0

    @property
    def words(self) -> str:
        """Their number, as `15 groups`."""
        return _count(self.count, self.kind)

    def of(self, rows: np.ndarray) -> "Clusters":
        """Return the clusters of some clips, by a mask (N,), or of scorings, by the places of their clips (M,)."""
        return Clusters(np.unique(self.codes[rows], return_inverse=True)[1], self.kind)


def _codes(names: Groups) -> np.ndarray | None:
    """Return the cluster of each clip (N,), an unnamed one its own; None where no clip has a name."""
    names = np.array(["" if pd.isna(name) else str(name) for name in ([] if names is None else names)], dtype=object)
    if not names.any():
        return None
    codes, unique = pd.factorize(names, sort=True)
    return pd.factorize(np.where(names == "", len(unique) + np.arange(len(names)), codes), sort=True)[0]


def clusters(n: int, groups: Groups, scenes: Groups = None) -> Clusters:
    """Return the clusters of n clips: by group where any clip has one, else by background, else each clip."""
    for names, kind in ((groups, GROUP), (scenes, BACKGROUND)):
        if (codes := _codes(names)) is not None:
            return Clusters(codes, kind)
    return Clusters(np.arange(n), CLIP)


def _count(n: int, what: str) -> str:
    """Return `1 clip`, `2 clips`."""
    return f"{n} {what}{'s' if n != 1 else ''}"


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


def as_clusters(by: Clusters | Groups, n: int) -> Clusters:
    """Return the clusters of n clips, given as they are or by the names of their groups."""
    return by if isinstance(by, Clusters) else clusters(n, by)


def basis(recall: Interval, share: Interval) -> str:
    """Return in words what the interval of a macro recall rests on, and that of the share of clips where it differs."""
    if share.method == recall.method:
        return recall.method
    return f"{recall.method} (share of clips: {share.method.removesuffix(f', {recall.method}')})"


def _too_few(value: float, by: Clusters) -> Interval:
    return Interval(value, np.nan, np.nan, f"too few {by.kind}s for an interval ({by.count})", by.count)


def _robust(value: float, error: float, freedom: int, by: Clusters) -> Interval:
    """Return Student's t interval on the logit scale; of clusters all equal see `robust.unseen_interval`."""
    if by.count < FEWEST:
        return _too_few(value, by)
    how = "clips taken as independent" if by.kind == CLIP else f"cluster-robust over {by.words}"
    how += ", a lower bound on the width" if by.kind == BACKGROUND else ""
    if error < cluster_robust.NOTHING:
        return Interval(value, *cluster_robust.unseen_interval(value, by.count), f"{how}, all equal", by.count)
    return Interval(value, *cluster_robust.logit_interval(value, error, freedom), how, by.count)


def share_interval(right: Sequence[float] | np.ndarray, by: Clusters | Groups) -> Interval:
    """Return the share of right clips (N,) (0..1 each); by clip where nothing is known of clusters (Wilson).

    Args:
        right: how right each clip is: 0 or 1, or its mean over folds.
        by: the clips' clusters, or the names of their groups (N,).
    """
    right = np.asarray(right, float)
    by = as_clusters(by, len(right))
    value = float(right.mean()) if len(right) else np.nan
    if by.kind == CLIP and by.count >= FEWEST:
        return Interval(value, *wilson(right.sum(), len(right)), "Wilson, clips taken as independent", len(right))
    return _robust(value, *(cluster_robust.share_error(right, by.codes) if by.count > 1 else (0.0, 0)), by)


def recall_interval(right: Sequence[float], labels: Sequence[str], by: Clusters | Groups) -> Interval:
    """Return the macro recall of clips (N,): the mean of the recalls of the classes that occur.

    Args:
        right: how right each clip is: 0 or 1, or its mean over folds.
        labels: the clips' classes (N,).
        by: the clips' clusters, or the names of their groups (N,).
    """
    right = np.asarray(right, float)
    return _stratified(right, np.ones(len(right)), labels, as_clusters(by, len(right)))


def fold_recall_interval(
    right: Sequence[float], labels: Sequence[str], folds: Sequence[str], by: Clusters | Groups
) -> Interval:
    """Return the mean over folds of their macro recalls, from scorings (M,): a clip may have one in several folds.

    Each clip weighs what the folds give it: 1 / (clips of its class in the fold), over the classes and folds. So a
    fold of one recording per class gives an interval over recordings, though within the fold none has any spread.

    Args:
        right: whether each scoring is right.
        labels: the classes (M,).
        folds: names of the folds (M,).
        by: clusters, or the names of groups (M,): those of the clips, the same in every fold.
    """
    table = pd.DataFrame({"fold": np.asarray(folds), "label": np.asarray(labels)})
    here = table.groupby(["fold", "label"])["label"].transform("size").to_numpy(float)
    classes = table.groupby("fold")["label"].transform("nunique").to_numpy(float)
    weights = 1 / here / classes / max(table["fold"].nunique(), 1)
    return _stratified(np.asarray(right, float), weights, labels, as_clusters(by, len(table)), weights)


def f1_interval(predicted: np.ndarray, labels: Sequence[int], by: Clusters | Groups) -> Interval:
    """Return the macro F1 of clips: the mean over the classes that occur, each clip counting once.

    With N true and P predicted clips of a class, of which TP both, F1 is 2 TP / (N + P). Linearised, a clip of class k
    taken for j adds (2 [j = k] / (N_k + P_k) - F1_j / (N_j + P_j)) / K; its class's mean is what it is compared with.
    That takes F1 for linear, which errs on the wide side: in one draw the error is .108 where leaving each cluster out
    in turn gives .095.

    Args:
        predicted: how often each clip is taken for each class (N, K), as shares of its scorings.
        labels: the clips' classes (N,), as columns of `predicted`.
        by: the clips' clusters, or the names of their groups (N,).
    """
    predicted, labels = np.asarray(predicted, float), np.asarray(labels, int)
    n, classes = predicted.shape
    true = np.bincount(labels, minlength=classes)
    whole = np.maximum(true + predicted.sum(axis=0), 1)
    hit = predicted[np.arange(n), labels]
    f1 = np.where(true > 0, 2 * np.bincount(labels, hit, minlength=classes) / whole, 0.0)
    occur = max(int((true > 0).sum()), 1)
    scores = (2 * hit / whole[labels] - predicted @ (f1 / whole)) / occur * true[labels]
    value = float(f1.sum() / occur) if n else np.nan
    by = as_clusters(by, n)
    return _robust(value, *_error(scores, np.ones(n), labels, by), by)


def _error(
    scores: np.ndarray, weights: np.ndarray, labels: Sequence[Any] | np.ndarray, by: Clusters
) -> tuple[float, int]:
    """Return the error of the sum of class means of scores (N,) and its degrees of freedom; 0 of a single cluster."""
    codes = pd.factorize(np.asarray(labels), sort=True)[0]
    return cluster_robust.stratified_error(scores, weights, codes, by.codes) if by.count > 1 else (0.0, 0)


def _stratified(
    right: np.ndarray, weights: np.ndarray, labels: Sequence[str], by: Clusters, shares: np.ndarray | None = None
) -> Interval:
    """Return the mean of recalls; `shares` (N,), summed by class, is what each class weighs, alike where None."""
    codes = pd.factorize(np.asarray(labels), sort=True)[0]
    if not len(right):
        return _robust(np.nan, 0.0, 0, by)
    of_class = np.bincount(codes, shares) if shares is not None else np.full(codes.max() + 1, 1 / (codes.max() + 1))
    recalls = np.bincount(codes, weights * right) / np.bincount(codes, weights)
    return _robust(float(of_class @ recalls), *_error(right * of_class[codes], weights, codes, by), by)
