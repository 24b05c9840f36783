"""Means over clips and seeds, their errors and intervals, against references and by hand."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli.metrics import cluster_robust
from darkhar_cli.metrics.replicates import Crossed, crossed, recall_weights
from darkhar_cli.metrics.statistics import clusters, wilson

LABELS = np.repeat(["run", "sit", "walk"], [6, 12, 30])
WHERE = [f"{label}{i % 4}" for i, label in enumerate(LABELS)]


def test_weights_are_those_of_macro_recall():
    right = np.random.default_rng(0).random(48) < 0.5
    expected = np.mean([right[name == LABELS].mean() for name in ("run", "sit", "walk")])
    assert right @ recall_weights(LABELS) == pytest.approx(expected)
    assert recall_weights(np.zeros(4)).tolist() == [0.25] * 4


def test_a_balanced_layout_is_the_two_way_analysis_of_variance():
    rng, groups, seeds = np.random.default_rng(1), 8, 4
    cells = rng.normal(0, 1, (seeds, groups)) + rng.normal(0, 2, groups) + rng.normal(0, 1, (seeds, 1))
    found = crossed(np.repeat(cells, 3, axis=1), np.zeros(24), clusters(24, np.repeat(np.arange(groups), 3)))
    rows, columns, mean = cells.mean(axis=0), cells.mean(axis=1), cells.mean()
    rest = ((cells - rows - columns[:, None] + mean) ** 2).sum() / ((groups - 1) * (seeds - 1))
    between = seeds * rows.var(ddof=1), groups * columns.var(ddof=1)
    assert found.value == pytest.approx(mean)
    assert found.error**2 == pytest.approx((sum(between) - rest) / (groups * seeds))
    assert found.spread == pytest.approx(columns.std(ddof=1))


def test_one_seed_is_the_cluster_robust_error():
    right = np.random.default_rng(2).random(48) < 0.6
    found = crossed(right[None], LABELS, clusters(48, WHERE))
    codes = [np.unique(values, return_inverse=True)[1] for values in (LABELS, WHERE)]
    error, freedom = cluster_robust.stratified_error(right / 3, np.ones(48), *codes)
    assert (found.error, freedom) == (pytest.approx(error), 9)
    assert found.freedom <= freedom
    assert np.isnan(found.spread)


def test_equal_seeds_add_nothing():
    right = np.random.default_rng(3).random(48) < 0.6
    by = clusters(48, WHERE)
    one, five = crossed(right[None], LABELS, by), crossed(np.stack([right] * 5), LABELS, by)
    assert five.value == pytest.approx(one.value)
    assert five.error == pytest.approx(one.error)
    assert five.freedom == pytest.approx(one.freedom)


def test_seeds_that_differ_alike_on_all_clips_leave_the_degrees_of_freedom_of_seeds():
    values = np.repeat([[0.1], [0.3], [0.2]], 48, axis=1)
    found = crossed(values, LABELS, clusters(48, WHERE))
    assert found.error == pytest.approx(0.1 / np.sqrt(3))
    assert found.freedom == pytest.approx(2)
    assert found.p() == pytest.approx(reference.ttest_1samp([0.1, 0.3, 0.2], 0).pvalue)


def test_a_difference_has_the_t_interval_within_its_bounds():
    found = Crossed(0.1, np.array([0.1]), 0.05, 7.0, 8)
    assert found.interval() == pytest.approx(reference.t.interval(0.95, 7, 0.1, 0.05))
    assert Crossed(0.9, np.array([0.9]), 0.4, 7.0, 8).interval()[1] == 1
    unseen = wilson(0, 8)[1]
    assert Crossed(0.0, np.array([0.0]), 0.0, 7.0, 8).interval() == pytest.approx((-unseen, unseen))


def test_a_share_has_its_interval_on_the_logit_scale():
    found = Crossed(0.8, np.array([0.8]), 0.05, 7.0, 8)
    low, high = found.share_interval()
    half = reference.t.ppf(0.975, 7) * 0.05 / 0.16
    assert np.log(low / (1 - low)) == pytest.approx(np.log(4) - half)
    assert np.log(high / (1 - high)) == pytest.approx(np.log(4) + half)
    assert Crossed(1.0, np.array([1.0]), 0.0, 7.0, 8).share_interval() == pytest.approx(wilson(8, 8))


def test_too_few_clusters_have_neither_interval_nor_test():
    found = crossed(np.ones((3, 8)) * [[0.1], [0.2], [0.3]], np.zeros(8), clusters(8, np.arange(8) % 4))
    assert np.isnan([*found.interval(), *found.share_interval(), found.smallest(0.05)]).all()
    assert found.p() == 1
    alone = crossed(np.ones((3, 8)), np.zeros(8), clusters(8, ["g"] * 8))
    assert (alone.value, alone.clusters, alone.p()) == (1, 1, 1)


def test_the_smallest_difference_is_found_in_four_of_five_cases():
    found = Crossed(0.0, np.array([0.0]), 0.05, 20.0, 21)
    smallest = found.smallest(0.05)
    power = reference.nct.sf(reference.t.ppf(0.975, 20), 20, smallest / 0.05)
    assert power == pytest.approx(0.8, abs=0.01)
    assert found.smallest(0.01) > smallest
