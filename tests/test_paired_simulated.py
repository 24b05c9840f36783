"""Paired tests in drawn worlds whose truth is known: how often they err, and how often they find what is there."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli import paired
from tests.worlds import world


@pytest.fixture
def quick(monkeypatch):
    """Fewer flips a test: simulations make thousands of tests; statsmodels collects garbage at each correction."""
    monkeypatch.setattr("gc.collect", lambda: 0)
    monkeypatch.setattr(paired, "EXACT_UNITS", 10)
    monkeypatch.setattr(paired, "RESAMPLES", 1999)


def at_most(rate: float, repeats: int) -> int:
    """Return the count that events of this rate exceed in one of 1000 simulations."""
    return int(reference.binom.ppf(0.999, repeats, rate))


@pytest.mark.parametrize(("groups", "clips"), [(10, 150), (15, 150), (30, 300)])
def test_sign_flip_seldom_rejects_what_is_true_by_group_and_mcnemar_often_does(quick, groups, clips):
    rng, rejected, held = np.random.default_rng(0), np.zeros(2), 0
    for _ in range(300):
        right, names = world(rng, groups, clips, 2)
        differences = right[1].astype(float) - right[0]
        rejected += [paired.sign_flip(differences, names) < 0.05, paired.mcnemar(*right) < 0.05]
        low, high = paired.difference_interval(differences, names)
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
            p.append(paired.sign_flip(right[1].astype(float) - right[0], names))
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
        p = [paired.sign_flip(each, names) for each in differences]
        by_clip = [paired.mcnemar(right[0], other) for other in right[1:]]
        named += [paired.holm(p).min() < 0.05, min(p) < 0.05, paired.holm(by_clip).min() < 0.05]
    assert named[0] <= (0 if groups == 8 else at_most(0.05, sweeps))  # 8 groups cannot: see sign_flip
    assert named[1] > 0.1 * sweeps  # without Holm
    assert named[2] > 0.5 * sweeps  # without groups
