"""The sampler `motion`: quantiles of the change between frames; and that change, on the host and in a graph."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli import registry
from darkhar_cli.data.frame_difference import motion_in_graph, motion_of
from darkhar_cli.samplers.motion import Motion
from darkhar_cli.samplers.segment import Segment
from tests.conftest import moving_square


def changes(n, seed):
    """Whole numbers of 2**-18, so that nothing is rounded."""
    return (np.random.default_rng(seed).gamma(0.6, 3000, n).astype(int) * 2.0**-18).astype(np.float32)


def reference(m, k, mix):
    """In floating point: quantiles of the mixed density, then no frame twice."""
    m = m.astype(np.float64)
    d = np.maximum(0, m - np.percentile(m, 20))
    weight = (1 - mix) / len(m) + mix * (d / d.sum() if d.sum() else 1 / len(m))
    cumulative = np.cumsum(weight)
    picked = [int(np.searchsorted(cumulative, (i + 0.5) / k, side="right")) for i in range(k)]
    for i in range(1, k):
        picked[i] = max(picked[i], picked[i - 1] + 1)
    return [min(p, len(m) - k + i) for i, p in enumerate(picked)]


@pytest.mark.parametrize("mix", [0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("k", [1, 7, 8, 32])
def test_positions_are_quantiles_of_the_cumulative_change(k, mix):
    for seed, n in enumerate((32, 33, 59, 105, 1000)):
        m = changes(n, seed)
        positions = Motion(frames=k, mix=mix)(n, motion=m)[0][0]
        np.testing.assert_array_equal(positions, reference(m, k, mix))
        assert (np.diff(positions) > 0).all()


def test_frames_go_where_the_motion_is():
    m = np.full(100, 0.01, np.float32)  # the noise of a dark clip
    m[40:60] = 0.05
    positions = Motion(frames=8, mix=1.0)(100, motion=m)[0][0]
    np.testing.assert_array_equal(positions, [41, 43, 46, 48, 51, 53, 56, 58])
    half = Motion(frames=8, mix=0.5)(100, motion=m)[0][0]
    assert 4 <= ((half >= 40) & (half < 60)).sum() <= 6


@pytest.mark.parametrize("m", [np.zeros(50, np.float32), np.full(50, 0.3, np.float32)])
def test_without_motion_frames_are_even(m):
    np.testing.assert_array_equal(Motion(frames=8, mix=1.0)(50, motion=m)[0], Segment(frames=8)(50)[0])


@pytest.mark.parametrize("frames", [1, 8, 0.3])
def test_mix_0_is_the_middle_of_each_segment(frames):
    for n in (8, 33, 105):
        expected = Segment(frames=frames)(n)[0]
        np.testing.assert_array_equal(Motion(frames=frames, mix=0.0)(n, motion=changes(n, n))[0], expected)


def test_all_motion_in_one_frame_still_picks_each_frame_once():
    m = np.zeros(12, np.float32)
    m[11] = 1
    np.testing.assert_array_equal(Motion(frames=8, mix=1.0)(12, motion=m)[0][0], np.arange(4, 12))
    np.testing.assert_array_equal(Motion(frames=8, mix=1.0)(12, motion=m[::-1])[0][0], np.arange(8))


def test_it_says_that_it_needs_motion():
    with pytest.raises(ValueError, match="not given the clip's motion"):
        Motion(frames=4)(9)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_the_host_and_the_graph_measure_the_same_change(n):
    clip = np.random.default_rng(n).integers(0, 256, (n, 37, 53, 3), dtype=np.uint8)
    expected = motion_of(clip)
    assert expected.shape == (n,)
    assert expected.dtype == np.float32
    traced = tf.function(motion_in_graph, input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)])
    for found in (motion_in_graph(clip), traced(clip), tf.function(motion_in_graph, jit_compile=True)(clip)):
        np.testing.assert_array_equal(found, expected)


def test_the_change_is_opencvs_luma_difference():
    clip = moving_square(0, 1)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(float) for frame in clip]
    between = [np.abs(b - a).mean() / 255 for a, b in pairwise(grey)]
    np.testing.assert_allclose(motion_of(clip), [between[0], *between], rtol=1e-6)
    np.testing.assert_array_equal(motion_of(iter(clip)), motion_of(clip))
    np.testing.assert_array_equal(registry.get("extractor", "motion")().function(clip)[:, 0], motion_of(clip))
