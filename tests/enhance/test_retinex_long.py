"""Retinex on frames with a very long side: the same surround as of the matrix, without the matrix."""

import time

import numpy as np
import pytest

from darkhar_cli.enhance import retinex

PLACES = np.array([0, 1, 7, 400, 2499, 3000, 4998, 4999])


def direct(line, sigma):
    """Return places of a line smoothed by a Gaussian normalised over the pixels that exist."""
    index = np.arange(len(line), dtype=np.float64)
    weights = np.exp(-((index - PLACES[:, None]) ** 2) / (2 * sigma**2))
    return weights @ line / weights.sum(axis=1)


@pytest.mark.parametrize("sigma", [0.48, 8.0, 150.0, 2500.0])
@pytest.mark.parametrize("upright", [False, True])
def test_the_surround_of_a_long_line_is_the_gaussians(sigma, upright):
    size = 5000
    assert size > retinex._LONG
    line = np.random.default_rng(0).uniform(0, 255, size)
    planes = np.repeat(line.astype(np.float32)[None, None], 3, axis=0)  # (3, 1, size)
    got = retinex._surround(planes.transpose(0, 2, 1) if upright else planes, sigma).reshape(3, size)
    np.testing.assert_allclose(got[1][PLACES], direct(line.astype(np.float32), sigma), rtol=2e-5, atol=2e-3)


def test_both_sides_of_a_frame_are_smoothed(monkeypatch):
    """Of a small frame whose sides count as long, both ways give what the matrices give."""
    planes = np.random.default_rng(0).uniform(0, 255, (3, 90, 700)).astype(np.float32)
    expected = {sigma: retinex._surround(planes, sigma) for sigma in (2.0, 14.5, 45.0)}
    monkeypatch.setattr(retinex, "_LONG", 80)
    retinex._factors.cache_clear()
    for sigma, surround in expected.items():
        np.testing.assert_allclose(retinex._surround(planes, sigma), surround, rtol=1e-4, atol=5e-3)
    retinex._factors.cache_clear()


@pytest.mark.parametrize("shape", [(1, 16, 16384, 3), (1, 16384, 16, 3)])
def test_a_very_long_frame_comes_to_an_end(shape):
    frames = np.random.default_rng(0).integers(0, 40, shape, dtype=np.uint8)
    began = time.process_time()
    out = retinex.retinex_on_host(frames)
    assert time.process_time() - began < 30
    assert out.shape == shape
    assert np.isfinite(out).all()
    assert (out.min(), out.max()) == (0.0, 255.0)
