"""Standard errors of clustered clips, against formulas written out, and against leaving each cluster out."""

import numpy as np
import pytest

from darkhar_cli.metrics import cluster_robust, statistics
from tests.helpers.recordings import crossing, nested


def jackknife(right, labels, codes, strata):
    """Return the error of the macro recall by leaving each cluster out of all clips, in strata of clusters (G,)."""

    def recall(kept):
        return np.mean([right[kept & (labels == k)].mean() for k in np.unique(labels)])

    changes = np.array([recall(codes != g) for g in np.unique(codes)]) - recall(codes >= 0)
    parts = [changes[strata == s] for s in np.unique(strata)]
    return np.sqrt(sum((len(part) - 1) / len(part) * (part**2).sum() for part in parts))


def freedom(right, labels, codes, strata):
    """Count the clusters of each stratum but one, where clusters of any of its classes differ."""
    found = 0
    for stratum in np.unique(strata):
        here = strata[codes] == stratum
        means = {
            k: {round(right[here & (labels == k) & (codes == c)].mean(), 9) for c in set(codes[here & (labels == k)])}
            for k in set(labels[here])
        }
        found += (strata == stratum).sum() - 1 if any(len(each) > 1 for each in means.values()) else 0
    return found


def error(right, labels, codes):
    k = labels.max() + 1
    return cluster_robust.stratified_error(right / k, np.ones(len(right)), labels, codes)


def test_the_share_is_a_ratio_of_sums_over_clusters():
    right, codes = np.array([1, 0, 1, 1, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 2, 2, 2])
    # m = 6/8; residuals 2 - 3m = -1/4, 1 - 2m = -1/2, 3 - 3m = 3/4; 3/2 * (1/16 + 4/16 + 9/16) / 64
    assert cluster_robust.share_error(right, codes) == (pytest.approx(np.sqrt(1.5 * 14 / 16) / 8), 2)


def test_the_share_of_equal_clusters_is_the_mean_of_their_means():
    rng = np.random.default_rng(0)
    right, codes = rng.random(60), np.repeat(np.arange(12), 5)
    means = right.reshape(12, 5).mean(axis=1)
    assert cluster_robust.share_error(right, codes)[0] == pytest.approx(means.std(ddof=1) / np.sqrt(12))


@pytest.mark.parametrize("seed", range(4))
def test_macro_recall_is_the_jackknife_where_clusters_lie_in_classes(seed):
    right, labels, codes = nested(np.random.default_rng(seed))
    strata = np.repeat(np.arange(6), [2, 2, 3, 4, 2, 2])
    assert error(right, labels, codes) == (
        pytest.approx(jackknife(right, labels, codes, strata)),
        freedom(right, labels, codes, strata),
    )


@pytest.mark.parametrize("seed", range(4))
def test_macro_recall_is_the_jackknife_where_clusters_cross_classes(seed):
    right, labels, codes = crossing(np.random.default_rng(seed))
    assert error(right, labels, codes) == (pytest.approx(jackknife(right, labels, codes, np.zeros(12))), 12 - 1)


def test_classes_that_share_clusters_are_one_stratum():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 0, 0, 1, 1, 2, 2, 2], 6)
    codes = np.repeat([0, 1, 2, 2, 3, 4, 5, 6], 6)  # cluster 2 has clips of classes 0 and 1
    right = (rng.random(48) < 0.6).astype(float)
    strata = np.array([0, 0, 0, 0, 1, 1, 1])
    expected = jackknife(right, labels, codes, strata)
    assert error(right, labels, codes) == (pytest.approx(expected), freedom(right, labels, codes, strata))


def test_a_class_whose_recordings_are_all_alike_says_nothing_of_the_error():
    labels = np.repeat([0, 1, 2], 8)  # sat down always, ran half the time, never walked
    codes = np.repeat([0, 0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6], 2)
    right = np.array([1] * 8 + [1, 1, 0, 0, 1, 0, 0, 0] + [0] * 8, float)
    assert error(right, labels, codes)[1] == 1
    found = statistics.recall_interval(right, labels.astype(str), codes)
    assert found.value == pytest.approx(11 / 24)
    assert found.low < 0.15
    assert found.high > 0.8


def test_a_cluster_right_in_one_class_and_wrong_in_another_cancels():
    labels, codes = np.tile([0, 1], 8), np.repeat(np.arange(8), 2)
    right = (labels == codes % 2).astype(float)
    assert error(right, labels, codes)[0] == pytest.approx(0)
    assert error(right, labels, np.arange(16))[0] > 0.1


def test_classes_of_one_cluster_each_vary_as_their_recalls_do():
    labels = codes = np.repeat(np.arange(6), 5)
    right = (np.tile(np.arange(5), 6) < np.repeat([1, 2, 3, 4, 5, 5], 5)).astype(float)
    recalls = right.reshape(6, 5).mean(axis=1)
    assert error(right, labels, codes) == (pytest.approx(recalls.std(ddof=1) / np.sqrt(6)), 5)


def test_a_single_class_of_one_cluster_is_compared_with_the_others():
    labels = np.repeat([0, 0, 0, 1, 1, 2], 4)
    codes = np.repeat(np.arange(6), 4)
    right = (np.tile(np.arange(4), 6) < np.repeat([4, 2, 3, 1, 4, 1], 4)).astype(float)
    a = np.array([1, 0.5, 0.75]), np.array([0.25, 1.0])
    changes = (a[0].mean() - a[0]) / 2, np.append(a[1].mean() - a[1], 0.25 - (0.75 + 0.625) / 2)
    expected = sum((len(part) - 1) / len(part) * (part**2).sum() for part in changes) / 9
    assert error(right, labels, codes) == (pytest.approx(np.sqrt(expected)), 2 + 2)


def test_the_order_of_clips_does_not_matter():
    rng = np.random.default_rng(0)
    right, labels, codes = crossing(rng)
    order = rng.permutation(150)
    assert error(right[order], labels[order], codes[order]) == pytest.approx(error(right, labels, codes))
    weights = rng.random(150) + 0.1
    once = cluster_robust.stratified_error(right, weights, labels, codes)
    assert cluster_robust.stratified_error(right, 7 * weights, labels, codes) == pytest.approx(once), (
        "weights are relative"
    )
