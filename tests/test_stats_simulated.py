"""Intervals and tests in drawn worlds whose truth is known: how often they hold, and how often they err."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli import stats
from tests.worlds import group_sizes, world


@pytest.fixture
def quick(monkeypatch):
    """Fewer flips a test: simulations make thousands of tests; statsmodels collects garbage at each correction."""
    monkeypatch.setattr("gc.collect", lambda: 0)
    monkeypatch.setattr(stats, "EXACT_UNITS", 10)
    monkeypatch.setattr(stats, "RESAMPLES", 1999)


def at_most(rate: float, repeats: int) -> int:
    """Return the count that events of this rate exceed in one of 1000 simulations."""
    return int(reference.binom.ppf(0.999, repeats, rate))


@pytest.mark.parametrize("n", [75, 96, 150])
def test_wilson_covers_independent_clips(n):
    ends = np.array([stats.wilson(k, n) for k in range(n + 1)])
    covered = []
    for p in np.linspace(0.05, 0.95, 91):  # exact: no dice are needed
        holds = (ends[:, 0] <= p) & (p <= ends[:, 1])
        covered.append(reference.binom.pmf(np.arange(n + 1), n, p)[holds].sum())
    assert 0.945 < np.mean(covered) < 0.955
    assert 0.93 < min(covered) < max(covered) < 0.97


@pytest.mark.parametrize("mean", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("strength", [2, 5])  # beta's a + b: clips of a group correlate by 1/3, by 1/6
def test_the_t_interval_covers_grouped_clips_and_wilsons_does_not(mean, strength):
    rng, by_clip = np.random.default_rng(0), [stats.wilson(k, 150) for k in range(151)]
    held = np.zeros(2)
    for _ in range(400):
        sizes = group_sizes(rng, 15, 150)
        right = rng.random(150) < np.repeat(rng.beta(mean * strength, (1 - mean) * strength, 15), sizes)
        by_group = stats.group_interval(right, np.repeat(np.arange(15), sizes))
        held += [low <= mean <= high for low, high in (by_group, by_clip[right.sum()])]
    t, wilson = held / 400
    assert 0.90 <= t <= 0.98
    assert wilson < 0.8  # the nominal 0.95 is for independent clips


@pytest.mark.parametrize(("groups", "clips"), [(10, 150), (15, 150), (30, 300)])
def test_sign_flip_seldom_rejects_what_is_true_by_group_and_mcnemar_often_does(quick, groups, clips):
    rng, rejected, held = np.random.default_rng(0), np.zeros(2), 0
    for _ in range(300):
        right, names = world(rng, groups, clips, 2)
        differences = right[1].astype(float) - right[0]
        rejected += [stats.sign_flip(differences, names) < 0.05, stats.mcnemar(*right) < 0.05]
        low, high = stats.difference_interval(differences, names)
        held += low <= 0 <= high
    assert 3 <= rejected[0] <= at_most(0.05, 300)
    assert rejected[1] > 0.25 * 300
    assert 0.92 <= held / 300 <= 0.985


def test_sign_flip_finds_what_is_there(quick):
    found = {}
    for gain in (0.5, 1, 2):  # of a half: +10, +19 and +34 points
        rng, p = np.random.default_rng(1), []
        for _ in range(150):
            right, names = world(rng, 15, 150, 2, gain=gain, spread=0.5)
            p.append(stats.sign_flip(right[1].astype(float) - right[0], names))
        found[gain] = np.mean(np.array(p) < 0.05)
    assert 0.1 < found[0.5] < 0.35
    assert 0.4 < found[1] < 0.75
    assert found[2] > 0.85


@pytest.mark.parametrize(("groups", "clips", "sweeps"), [(8, 150, 40), (10, 150, 300), (30, 300, 150)])
def test_a_sweep_of_equals_seldom_names_a_winner(quick, groups, clips, sweeps):
    rng, named = np.random.default_rng(2), np.zeros(3)
    for _ in range(sweeps):
        right, names = world(rng, groups, clips, 9)
        differences = right[1:].astype(float) - right[0]
        p = [stats.sign_flip(each, names) for each in differences]
        by_clip = [stats.mcnemar(right[0], other) for other in right[1:]]
        named += [stats.holm(p).min() < 0.05, min(p) < 0.05, stats.holm(by_clip).min() < 0.05]
    assert named[0] <= (0 if groups == 8 else at_most(0.05, sweeps))  # 8 groups cannot: see sign_flip
    assert named[1] > 0.1 * sweeps  # without Holm
    assert named[2] > 0.5 * sweeps  # without groups
