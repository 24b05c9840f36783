"""Calibration error and top-k, by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics import calibration


def test_calibration_error_by_hand():
    sure = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    # two at 0.9 of which one is right, two at 0.6 which both are: (2 * 0.4 + 2 * 0.4) / 4
    assert calibration.calibration_error(sure, [0, 1, 1, 1]) == pytest.approx(0.4)
    # in one bin: confidence 0.75, accuracy 0.75
    assert calibration.calibration_error(sure, [0, 1, 1, 1], bins=1) == pytest.approx(0)
    assert calibration.calibration_error([[1.0, 0.0]], [1]) == 1
    assert calibration.calibration_error([[1.0, 0.0]], [0]) == 0
    assert np.isnan(calibration.calibration_error(np.empty((0, 2)), []))


def test_calibration_error_bins_are_closed_above():
    half = np.array([[0.5, 0.5, 0.0], [0.5 + 1e-6, 0.5 - 1e-6, 0.0]])  # 0.5 ends a bin, the next begins
    assert calibration.calibration_error(half, [0, 1], bins=2) == pytest.approx(0.5, abs=1e-5)
    together = half[[1, 1]]
    assert calibration.calibration_error(together, [0, 1], bins=2) == pytest.approx(0, abs=1e-5)
    slipped = [[0.1 + 0.2, 0.26, 0.22, 0.22], [0.25] * 4]  # 0.30000000000000004 belongs to the bin of 0.3 and 0.25
    assert calibration.calibration_error(slipped, [0, 1], bins=10) == pytest.approx(0.5 - 0.275)


def test_calibration_error_is_that_of_a_loop_over_bins():
    rng = np.random.default_rng(0)
    p, truth = rng.dirichlet(np.ones(4), 500), rng.integers(0, 4, 500)
    confidence, right = p.max(1), p.argmax(1) == truth
    expected = 0
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration.calibration_error(p, truth) == pytest.approx(expected)
    calibrated = (rng.random(500) > p[:, 0]).astype(int)
    pairs = np.stack([p[:, 0], 1 - p[:, 0]], axis=1)
    good, bad = (calibration.calibration_error(pairs, said) for said in (calibrated, 1 - calibrated))
    assert good < 0.1 < 0.4 < bad


def test_top_k_is_scikit_learns():
    rng = np.random.default_rng(0)
    p, truth = rng.dirichlet(np.ones(6), 200), rng.integers(0, 6, 200)
    for k in (1, 2, 5):
        assert calibration.top_k(p, truth, k) == pytest.approx(top_k_accuracy_score(truth, p, k=k, labels=range(6)))
    assert calibration.top_k(p, truth, 6) == calibration.top_k(p, truth, 9) == 1
    with pytest.raises(BadRequest, match="not 0"):
        calibration.top_k(p, truth, 0)


def test_top_k_of_equals_takes_the_first_as_argmax_does():
    flat = np.full((6, 6), 1 / 6)
    assert calibration.top_k(flat, range(6), 1) == pytest.approx(1 / 6) == np.mean(flat.argmax(1) == range(6))
    assert calibration.top_k(flat, range(6), 2) == pytest.approx(2 / 6)
    assert np.isnan(calibration.top_k(np.empty((0, 6)), [], 1))
