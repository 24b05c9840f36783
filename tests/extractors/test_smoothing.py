"""Filters of signals over time, against SciPy."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d, median_filter
from scipy.signal import detrend

from darkhar_cli.extractors.person import smoothing


@pytest.mark.parametrize("length", [1, 2, 3, 7, 50])
def test_smoothing_is_scipys(length):
    signal = np.random.default_rng(length).normal(size=(length, 3))
    for sigma in (1.0, 1.5):
        expected = gaussian_filter1d(signal, sigma, axis=0)
        np.testing.assert_allclose(smoothing.gaussian(signal, sigma), expected, atol=1e-12)
    np.testing.assert_array_equal(smoothing.running_median(signal, 7), median_filter(signal, (7, 1)))
    expected = detrend(signal[:, 0]) if length > 1 else np.zeros(1)
    np.testing.assert_allclose(smoothing.without_trend(signal[:, 0]), expected, atol=1e-12)


def test_steps_stand_at_frames():
    steps = np.array([1.0, 2.0, 4.0])
    assert smoothing.path(steps).tolist() == [0, 1, 3, 7]
    assert smoothing.at_frames(steps).tolist() == [1, 1, 2, 4]
    for filtered in (smoothing.path(steps[:0]), smoothing.at_frames(steps[:0])):
        assert filtered.tolist() == [0]
    assert smoothing.gaussian_at_frames(steps[:0], 1.0).tolist() == [0]
    fine = gaussian_filter1d(np.repeat(np.random.default_rng(0).normal(size=30), 2), 2.0)  # half frames
    coarse = fine[::2]
    np.testing.assert_allclose(
        smoothing.gaussian_at_frames(coarse, 1.0)[8:-8], gaussian_filter1d(fine, 2.0)[1::2][7:-8], atol=0.02
    )
    np.testing.assert_allclose(
        smoothing.gaussian_at_frames(-coarse[::-1], 1.0), -smoothing.gaussian_at_frames(coarse, 1.0)[::-1], atol=1e-12
    )
