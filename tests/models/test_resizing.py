"""Resizing: the mean over an area where frames shrink by 2 or more, alike in graphs, under XLA and eager."""

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli.models.layers import ResizeFrames
from darkhar_cli.models.resizing import box_filter

SHRUNK = [((48, 64), (12, 16)), ((240, 320), (60, 80)), ((113, 197), (32, 37)), ((200, 60), (32, 32))]
SHRUNK += [((65, 65), (32, 32))]
GROWN = [((48, 30), (16, 40)), ((20, 90), (31, 30))]  # one axis shrinks by 2 or more, the other grows
MILD = [((48, 64), (30, 40)), ((63, 63), (32, 32)), ((20, 20), (40, 64))]


def noise(height, width, n=2):
    return np.random.default_rng(height * width).uniform(0, 255, (n, height, width, 3)).astype(np.float32)


def overlaps(old, new):
    """The box filter as a matrix (new, old), pixel by pixel in float64."""
    scale = old / new
    half, rows = max(scale, 1) / 2, np.zeros((new, old))
    for i in range(new):
        low, high = max((i + 0.5) * scale - half, 0), min((i + 0.5) * scale + half, old)
        for p in range(old):
            rows[i, p] = max(0, min(high, p + 1) - max(low, p)) / (high - low)
    return rows


def by_hand(frames, size):
    return np.einsum("ip,npqc,jq->nijc", overlaps(frames.shape[1], size[0]), frames, overlaps(frames.shape[2], size[1]))


@pytest.mark.parametrize(("old", "new"), SHRUNK + GROWN)
def test_it_is_the_mean_over_an_area(old, new):
    frames = noise(*old)
    got = keras.ops.convert_to_numpy(ResizeFrames(new)(frames))
    np.testing.assert_allclose(got, by_hand(frames, new), rtol=1e-5, atol=1e-3)
    if (old, new) in SHRUNK:
        theirs = np.stack([cv2.resize(one, new[::-1], interpolation=cv2.INTER_AREA) for one in frames])
        np.testing.assert_allclose(got, theirs, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize(("old", "new"), MILD)
def test_where_frames_shrink_less_it_is_bilinear(old, new):
    frames = noise(*old)
    got = keras.ops.convert_to_numpy(ResizeFrames(new)(frames))
    theirs = np.stack([cv2.resize(one, new[::-1], interpolation=cv2.INTER_LINEAR) for one in frames])
    np.testing.assert_allclose(got, theirs, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize(("old", "new"), [SHRUNK[2], SHRUNK[4], GROWN[0], MILD[0]])
def test_graphs_of_any_size_and_xla_give_the_same(old, new):
    frames, layer = noise(*old), ResizeFrames(new)
    eager = keras.ops.convert_to_numpy(layer(frames))
    unknown = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])
    np.testing.assert_array_equal(unknown(frames), eager)
    np.testing.assert_array_equal(unknown(noise(*old)[:1]), eager[:1])
    np.testing.assert_allclose(tf.function(layer, jit_compile=True)(frames), eager, rtol=1e-5, atol=1e-3)
    clips = np.stack([frames, frames])
    np.testing.assert_array_equal(layer(clips)[1], eager)


def test_weights_are_the_same_bits_in_a_graph():
    for old, new in ((113, 32), (64, 32), (20, 31), (1080, 224)):
        pixels, weights = box_filter(np, old, new)
        graph = tf.function(lambda n, new=new: box_filter(keras.ops, n, new))
        for one, other in zip((pixels, weights), graph(tf.constant(old)), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)


def test_a_checkerboard_becomes_grey_and_not_stripes():
    board = (255 * (np.indices((96, 96)).sum(axis=0) % 2)).astype(np.float32)[None, ..., None].repeat(3, axis=-1)
    for size in ((32, 32), (31, 29), (48, 48)):
        assert np.ptp(keras.ops.convert_to_numpy(ResizeFrames(size)(board))) <= 255 / 2
    even = keras.ops.convert_to_numpy(ResizeFrames((24, 24))(board))
    np.testing.assert_allclose(even, 127.5)


def test_a_symbolic_frame_knows_its_new_size():
    assert ResizeFrames((4, 5))(keras.Input((None, None, None, 3))).shape == (None, None, 4, 5, 3)
    assert ResizeFrames(None)(keras.Input((8, 9, 3))).shape == (None, 8, 9, 3)
