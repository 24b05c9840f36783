"""Frames are shown as the display matrix says: checked against points moved by hand."""

import math
import struct

import numpy as np
import pytest

from darkhar_cli.data.video import display, inspect, read_frames
from tests.helpers.generated_clips import encode

TURN = math.sqrt(0.5)
# The matrix, and what it makes of an array of (H, W) pixels, as ISO/IEC 14496-12 has it: (x, y) -> (ax+cy, bx+dy).
WHOLE_PIXELS = {
    "plain": ((1, 0, 0, 1), lambda x: x),
    "mirror": ((-1, 0, 0, 1), lambda x: x[:, ::-1]),
    "flip": ((1, 0, 0, -1), lambda x: x[::-1]),
    "half turn": ((-1, 0, 0, -1), lambda x: x[::-1, ::-1]),
    "quarter turn clockwise": ((0, 1, -1, 0), lambda x: np.rot90(x, -1)),
    "quarter turn counterclockwise": ((0, -1, 1, 0), lambda x: np.rot90(x)),
    "transpose": ((0, 1, 1, 0), lambda x: x.swapaxes(0, 1)),
    "anti-transpose": ((0, -1, -1, 0), lambda x: x[::-1, ::-1].swapaxes(0, 1)),
    "twice the size": ((2, 0, 0, 2), lambda x: x),
    "nothing": ((0, 0, 0, 0), lambda x: x),
}


@pytest.fixture(scope="module")
def clip():
    return encode("mp4", "h264", n=4)


def with_matrix(data, a, b, c, d):
    """Write a matrix into a clip's track header (`tkhd`, version 0)."""
    at = data.index(b"tkhd") + 44
    values = [round(x * 65536) for x in (a, b, 0, c, d, 0, 0, 0)] + [1 << 30]
    assert struct.unpack(">9i", data[at : at + 36]) == (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    return data[:at] + struct.pack(">9i", *values) + data[at + 36 :]


@pytest.mark.parametrize("name", WHOLE_PIXELS)
def test_whole_pixels_move(clip, name):
    matrix, move = WHOLE_PIXELS[name]
    stored = read_frames(clip)
    turned = with_matrix(clip, *matrix)
    expected = np.stack([move(frame) for frame in stored])
    np.testing.assert_array_equal(read_frames(turned), expected)
    np.testing.assert_array_equal(read_frames(turned, [1, 3]), expected[[1, 3]])
    info = inspect(turned)
    assert (info.height, info.width) == expected.shape[1:3]


@pytest.mark.parametrize("name", [name for name in WHOLE_PIXELS if name != "nothing"])
def test_each_point_goes_where_the_matrix_sends_it(name):
    (a, b, c, d), _ = WHOLE_PIXELS[name]
    if name == "twice the size":
        a, d = 1, 1
    pixels = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    shown = display.show(pixels, (a, b, c, d))
    points = [(a * x + c * y, b * x + d * y) for y in range(5) for x in range(7)]
    left, top = min(x for x, _ in points), min(y for _, y in points)  # players move the picture into view
    for (x, y), pixel in zip(points, pixels.reshape(-1, 3), strict=True):
        np.testing.assert_array_equal(shown[y - top, x - left], pixel)


def test_another_angle_turns_about_the_middle_on_the_same_canvas(clip):
    """As ffmpeg does: 45 degrees clockwise, black corners."""
    frames = read_frames(with_matrix(clip, TURN, TURN, -TURN, TURN))
    assert frames.shape == (4, 48, 64, 3)
    assert not frames[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()
    pixels = np.zeros((41, 41, 3), np.uint8)
    pixels[18:23, 33:38] = 200  # 15 to the right of the middle: it goes down and right, where y points down
    y, x = np.argwhere(display.show(pixels, (TURN, TURN, -TURN, TURN))[..., 0] > 100).mean(0)
    np.testing.assert_allclose([y - 20, x - 20], [15 * TURN, 15 * TURN], atol=0.6)


def test_a_tilted_mirror_stays_a_mirror():
    pixels = np.zeros((41, 41, 3), np.uint8)
    pixels[18:23, 33:38] = 200
    mirrored = display.show(pixels[:, ::-1].copy(), (TURN, TURN, -TURN, TURN))
    np.testing.assert_array_equal(display.show(pixels, (-TURN, -TURN, -TURN, TURN)), mirrored)


def test_almost_a_quarter_turn_is_one():
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    slight = math.radians(0.4)
    cosine, sine = math.cos(slight), math.sin(slight)
    np.testing.assert_array_equal(display.show(pixels, (cosine, sine, -sine, cosine)), pixels)
    np.testing.assert_array_equal(display.show(pixels, (-sine, cosine, -cosine, -sine)), np.rot90(pixels, -1))
