"""Darkened clips: factor, noise, rounding and clipping are exact, and chunks of frames make no difference."""

import numpy as np
import pytest
from scipy import stats

from darkhar_cli.data.corruption import Darkening
from darkhar_cli.registry import file_hash

GREY = np.full((3, 120, 160, 3), 128, np.uint8)
RAMP = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)


def exactly(brightness, noise, **more):
    return Darkening((brightness, brightness), (noise, noise), **more)


@pytest.mark.parametrize("factor", [1.0, 0.5, 0.35, 0.9])
def test_levels_times_the_factor_rounded_to_even(factor):
    found = exactly(factor, 0.0)(RAMP, "clip", [4])
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.rint(RAMP * np.float32(factor)).astype(np.uint8))


def test_noise_has_the_deviation_asked_for_and_no_mean():
    found = exactly(1.0, 3.0)(GREY, "clip", [0, 1, 2])
    added = found.astype(float) - 128
    n = added.size
    spread = np.sqrt(3.0**2 + 1 / 12)  # whole levels add a twelfth to the variance
    assert abs(added.mean()) < 4 * spread / np.sqrt(n)
    assert abs(added.std() - spread) < 4 * spread / np.sqrt(2 * n)
    edges = np.arange(-8.5, 9)
    expected = np.diff(stats.norm.cdf(edges, scale=3.0)) * n
    counted = np.histogram(added, edges)[0]
    assert stats.chi2.sf(((counted - expected) ** 2 / expected).sum(), len(expected)) > 0.001


def test_noise_follows_the_factor():
    found = exactly(0.5, 2.0)(GREY, "clip", [0, 1, 2]).astype(float)
    assert found.mean() == pytest.approx(64, abs=0.05)
    assert found.std() == pytest.approx(np.sqrt(4 + 1 / 12), rel=0.01)


def test_levels_stay_within_a_byte():
    dark, bright = (exactly(1.0, 20.0)(np.full_like(GREY, level), "clip", [0, 1, 2]) for level in (0, 255))
    assert 0.49 < (dark == 0).mean() < 0.53
    assert 0.49 < (bright == 255).mean() < 0.53
    assert dark.max() < 150
    assert bright.min() > 105


def test_no_two_frames_channels_clips_copies_or_seeds_share_noise():
    one = exactly(1.0, 3.0, seed=1, copy=1)
    first = one(GREY, "clip", [0, 1, 2]).astype(float)
    others = [
        first[1],
        first[2],
        first[0][..., [1, 2, 0]],
        one(GREY, "other", [0, 1, 2])[0],
        exactly(1.0, 3.0, seed=1, copy=2)(GREY, "clip", [0, 1, 2])[0],
        exactly(1.0, 3.0, seed=2, copy=1)(GREY, "clip", [0, 1, 2])[0],
    ]
    for other in others:
        assert abs(np.corrcoef(first[0].ravel(), other.astype(float).ravel())[0, 1]) < 0.02


def test_chunks_of_frames_make_no_difference():
    clip = np.random.default_rng(0).integers(0, 256, (7, 12, 10, 3), dtype=np.uint8)
    way, before = Darkening((0.3, 0.8), (1.0, 4.0), seed=5, copy=1), clip.copy()
    whole = way(clip, "clip", range(10, 17))
    parts = [way(clip[a:b], "clip", np.arange(10 + a, 10 + b)) for a, b in ((5, 7), (0, 3), (3, 5))]
    np.testing.assert_array_equal(np.concatenate([parts[1], parts[2], parts[0]]), whole)
    np.testing.assert_array_equal(way(clip[[6, 2, 2]], "clip", [16, 12, 12]), whole[[6, 2, 2]])
    np.testing.assert_array_equal(clip, before)


def test_draws_are_even_within_their_bounds():
    way = Darkening((0.35, 0.9), (0.5, 3.0), seed=2, copy=1)
    drawn = np.array([way.of_clip(f"clip {i}") for i in range(3000)])
    assert stats.kstest(drawn[:, 0], "uniform", args=(0.35, 0.55)).pvalue > 0.001
    assert stats.kstest(drawn[:, 1], "uniform", args=(0.5, 2.5)).pvalue > 0.001
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.06
    assert way.of_clip("clip 0") == tuple(drawn[0])
    other = Darkening((0.35, 0.9), (0.5, 3.0), seed=2, copy=2)
    assert other.of_clip("clip 0") != way.of_clip("clip 0")


def test_what_features_of_darkened_clips_depend_on():
    about = Darkening((0.3, 0.8), (1.0, 4.0), seed=5, copy=1).about()
    source = about.pop("source")
    assert about == {"brightness": [0.3, 0.8], "noise": [1.0, 4.0], "seed": 5, "copy": 1}
    assert source == file_hash(Darkening)  # another way of drawing noise makes other features
