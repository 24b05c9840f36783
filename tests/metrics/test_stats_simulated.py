"""Intervals in drawn worlds whose truth is known: how often they hold."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli.metrics import statistics
from tests.helpers.worlds import group_sizes


@pytest.mark.parametrize("n", [75, 96, 150])
def test_wilson_covers_independent_clips(n):
    ends = np.array([statistics.wilson(k, n) for k in range(n + 1)])
    covered = []
    for p in np.linspace(0.05, 0.95, 91):  # exact: no dice are needed
        holds = (ends[:, 0] <= p) & (p <= ends[:, 1])
        covered.append(reference.binom.pmf(np.arange(n + 1), n, p)[holds].sum())
    assert 0.945 < np.mean(covered) < 0.955
    assert 0.93 < min(covered) < max(covered) < 0.97


def over_means(right: np.ndarray, codes: np.ndarray) -> tuple[float, float]:
    """Return Student's t interval of the mean over groups, each counting once."""
    means = np.bincount(codes, right) / np.bincount(codes)
    half = reference.t.ppf(0.975, len(means) - 1) * reference.sem(means)
    return means.mean() - half, means.mean() + half


@pytest.mark.parametrize("mean", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("strength", [2, 5])  # beta's a + b: clips of a group correlate by 1/3, by 1/6
def test_intervals_over_groups_cover_grouped_clips_and_wilsons_does_not(mean, strength):
    rng, by_clip = np.random.default_rng(0), [statistics.wilson(k, 150) for k in range(151)]
    held = np.zeros(3)
    for _ in range(400):
        sizes = group_sizes(rng, 15, 150)
        right = rng.random(150) < np.repeat(rng.beta(mean * strength, (1 - mean) * strength, 15), sizes)
        codes = np.repeat(np.arange(15), sizes)
        robust = statistics.share_interval(right, codes)
        ends = (robust.low, robust.high), over_means(right, codes), by_clip[right.sum()]
        held += [low <= mean <= high for low, high in ends]
    share, t, wilson = held / 400
    assert 0.90 <= share <= 0.98
    assert 0.90 <= t <= 0.98, "not near one: see test_coverage_simulated"
    assert wilson < 0.8  # the nominal 0.95 is for independent clips
