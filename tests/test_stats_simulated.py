"""Intervals in drawn worlds whose truth is known: how often they hold."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli import stats
from tests.worlds import group_sizes


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
