"""What numbers mean, against independent references and by enumeration."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference
from statsmodels.stats.proportion import proportion_confint

from darkhar_cli import stats

NAN = pytest.approx((np.nan, np.nan), nan_ok=True)
GROUPS = np.repeat(["a", "b", "c", "d"], [1, 2, 5, 40])  # of very different size


def test_importing_it_imports_nothing_slow():
    slow = "{'tensorflow', 'keras', 'scipy', 'statsmodels', 'sklearn'} & set(sys.modules)"
    code = f"import sys, darkhar_cli.stats; sys.exit(str({slow}) if {slow} else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# intervals


@pytest.mark.parametrize(("correct", "n"), [(0, 1), (1, 1), (0, 96), (14, 96), (10, 96), (75, 150), (150, 150)])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_wilson_is_statsmodels(correct, n, level):
    expected = proportion_confint(correct, n, alpha=1 - level, method="wilson")
    assert stats.wilson(correct, n, level) == pytest.approx(expected, abs=1e-12)
    assert stats.wilson(float(correct), np.int64(n), level) == pytest.approx(expected, abs=1e-12)


def test_wilson_of_the_papers_fourteen_of_ninety_six():
    assert np.round(stats.wilson(14, 96), 3).tolist() == [0.089, 0.230]
    assert stats.wilson(0, 0) == NAN


def test_a_mean_count_gets_the_interval_of_both_its_neighbours():
    assert stats.wilson(13.4, 96) == (stats.wilson(13, 96)[0], stats.wilson(14, 96)[1])
    assert stats.wilson(sum([0.1] * 30), 96) == stats.wilson(3, 96)  # 3.0000000000000013


def test_the_group_interval_is_students_over_group_means():
    rng = np.random.default_rng(0)
    right = rng.random(len(GROUPS)) < 0.6
    means = pd.Series(right.astype(float)).groupby(GROUPS).mean()
    expected = reference.ttest_1samp(means, 0).confidence_interval(0.8)
    assert 0 < expected.low < expected.high < 1
    assert stats.group_interval(right, GROUPS, 0.8) == pytest.approx(tuple(expected))
    order = rng.permutation(len(right))
    assert stats.group_interval(right[order], GROUPS[order], 0.8) == pytest.approx(tuple(expected))


def test_the_group_interval_takes_real_values_and_stays_within_0_and_1():
    assert stats.group_interval([0.2, 0.4, 0.9], ["a", "a", "b"], 0.5) == pytest.approx((0.3, 0.9))  # t(1) at .75 is 1
    assert stats.group_interval([0, 1, 1], ["a", "b", "b"]) == (0, 1)


def test_clips_without_a_group_are_a_group_each():
    right, singles = [1, 0, 0, 1, 1], ["a", "", "", "a", "b"]
    named = stats.group_interval(right, ["a", "x", "y", "a", "b"], 0.5)
    assert stats.group_interval(right, singles, 0.5) == named
    assert stats.group_interval(right, ["a", None, np.nan, "a", "b"], 0.5) == named
    assert stats.group_interval(right, pd.Series(["a", None, None, "a", "b"]), 0.5) == named
    assert stats.interval(right, singles)[2] == "t over 4 groups"


@pytest.mark.parametrize("value", [0, 1])
def test_groups_all_right_or_all_wrong_get_wilson_over_groups(value):
    right = np.full(len(GROUPS), value)
    low, high, method = stats.interval(right, GROUPS)
    assert (low, high) == pytest.approx(stats.wilson(4 * value, 4))
    assert high - low > 0.4
    assert method == "t over 4 groups, all equal"


def test_equal_groups_never_have_an_interval_of_no_width():
    low, high = stats.group_interval([0, 1] * 15, np.repeat(np.arange(15), 2))
    assert low < 0.42
    assert high > 0.58
    thirds = stats.group_interval([0.1 + 0.2, 0.3], ["a", "b"])  # equal but for rounding
    assert thirds == pytest.approx(stats.group_interval([0.3, 0.3], ["a", "b"]))
    few, many = (np.diff(stats.group_interval(np.ones(n), np.arange(n))) for n in (5, 50))
    assert few > 4 * many > 0


@pytest.mark.parametrize("groups", [["a"], ["a", "a", "a"], None, [""]])
def test_one_unit_has_no_interval_by_group(groups):
    right = [1, 0, 1] if groups == ["a", "a", "a"] else [1]
    assert stats.group_interval(right, groups) == NAN
    if groups and any(groups):
        assert stats.interval(right, groups)[:2] == NAN
        assert stats.interval(right, groups)[2] == "t over 1 group"


@pytest.mark.parametrize("groups", [None, [""] * 96, [np.nan] * 96])
def test_without_groups_the_interval_is_wilsons_and_says_so(groups):
    right = np.arange(96) < 14
    assert stats.interval(right, groups) == (*stats.wilson(14, 96), "Wilson, clips independent")
    assert stats.interval(np.full(96, 13.4 / 96), groups)[:2] == stats.wilson(13.4, 96)
