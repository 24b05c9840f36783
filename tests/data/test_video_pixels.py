"""Samples become RGB by the arithmetic of ITU-R BT.601, BT.709 and BT.2020, rounded to the nearest level."""

import io

import av
import numpy as np
import pytest

from darkhar_cli.data.video import ClipError, read_frames
from darkhar_cli.data.video.pixels import ToRgb
from tests.helpers.generated_clips import ENCODERS, encodable, encode

LIMITED, FULL = 1, 2
UNTAGGED, BT601, BT709, BT2020 = 2, 6, 1, 9
WEIGHTS = {UNTAGGED: (0.299, 0.114), BT601: (0.299, 0.114), 5: (0.299, 0.114), BT709: (0.2126, 0.0722)}
WEIGHTS[BT2020] = (0.2627, 0.0593)
FORMATS = {"yuv420p": 8, "yuv422p": 8, "yuv444p": 8, "nv12": 8, "yuv420p10le": 10, "yuv422p10le": 10}
FORMATS |= {"yuv444p10le": 10, "yuv420p12le": 12, "yuv444p12le": 12}


def rgb(y, u, v, bits, matrix, range_):
    """Return exact R, G, B (..., 3), 0 to 255, of samples."""
    y, u, v = (np.asarray(x, np.float64) for x in (y, u, v))
    step, most = 1 << (bits - 8), (1 << bits) - 1
    if range_ == FULL:
        y, u, v = y / most, (u - 128 * step) / most, (v - 128 * step) / most
    else:
        y, u, v = (y - 16 * step) / (219 * step), (u - 128 * step) / (224 * step), (v - 128 * step) / (224 * step)
    red, blue = WEIGHTS[matrix]
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.stack([r, g, b], -1), 0, 1) * 255


def flat(format_, bits, samples, matrix, range_):
    frame = av.VideoFrame(32, 16, format_)
    for plane, value in zip(frame.planes, samples, strict=False):
        np.frombuffer(plane, np.uint8 if bits == 8 else np.uint16)[:] = value
    if format_ == "nv12":
        pairs = np.frombuffer(frame.planes[1], np.uint8).reshape(-1, 2)
        pairs[:] = samples[1:]
    frame.colorspace, frame.color_range = matrix, range_
    return frame


@pytest.mark.parametrize("range_", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [UNTAGGED, BT601, BT709, BT2020])
@pytest.mark.parametrize("format_", FORMATS)
def test_flat_colours_are_exact(format_, matrix, range_):
    bits, rng, to_rgb = FORMATS[format_], np.random.default_rng(0), ToRgb()
    step = 1 << (bits - 8)
    errors = []
    for _ in range(40):
        samples = rng.integers(16 * step, 235 * step), *rng.integers(90 * step, 166 * step, 2)
        pixels = to_rgb(flat(format_, bits, samples, matrix, range_))
        assert (pixels == pixels[0, 0]).all()
        errors.append(pixels[0, 0] - rgb(*samples, bits, matrix, range_))
    assert np.abs(errors).max() < 0.54
    assert abs(np.mean(errors)) < 0.09


@pytest.mark.parametrize(("format_", "bits"), [("yuv420p", 8), ("yuv420p10le", 10), ("yuv422p", 8)])
def test_every_grey_is_rounded_to_the_nearest_level(format_, bits):
    """Without accurate rounding these came out 0.5 (8 bit) and 1.5 (10 bit) levels too dark on average."""
    step, to_rgb = 1 << (bits - 8), ToRgb()
    for y in range(16 * step, 235 * step + 1, max(step // 2, 1)):
        pixels = to_rgb(flat(format_, bits, (y, 128 * step, 128 * step), UNTAGGED, LIMITED))
        assert np.abs(pixels - (y - 16 * step) * 255 / (219 * step)).max() < 0.51


@pytest.mark.parametrize(("format_", "bits"), [("gray", 8), ("gray10le", 10), ("gray12le", 12), ("gbrp10le", 10)])
def test_greys_and_deep_rgb_are_full_range(format_, bits):
    to_rgb, most = ToRgb(), (1 << bits) - 1
    for value in np.linspace(0, most, 50).astype(int).tolist():
        pixels = to_rgb(flat(format_, bits, (value,) * 3, 0 if format_.startswith("gbr") else UNTAGGED, FULL))
        assert np.abs(pixels - value * 255 / most).max() < 0.54


def interpolated(samples, left):
    """Return chroma (H, W) at twice the size, linear between its samples, sited left or in the middle of two pixels."""
    height, width = samples.shape
    across = np.arange(2 * width) / 2 if left else (np.arange(2 * width) - 0.5) / 2
    down = (np.arange(2 * height) - 0.5) / 2
    wide = np.stack([np.interp(across, np.arange(width), row) for row in samples])
    return np.stack([np.interp(down, np.arange(height), column) for column in wide.T]).T


@pytest.mark.parametrize(
    ("container", "codec", "left"),
    [
        ("mp4", "h264", True),
        ("mp4", "hevc", True),
        ("mp4", "mpeg4", True),
        ("matroska", "mpeg2video", True),
        ("mpeg", "mpeg1video", False),
        ("mov", "mjpeg", False),
    ],
)
def test_chroma_lies_where_the_codec_puts_it(container, codec, left):
    if not encodable(codec):
        pytest.skip(f"this FFmpeg has no encoder for {codec}")
    data = encode(container, codec, n=2)
    with av.open(io.BytesIO(data)) as opened:
        frame = next(opened.decode(video=0))
    y, u, v = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in frame.planes
    )
    range_ = FULL if ENCODERS[codec][1] == "yuvj420p" else LIMITED
    exact = rgb(y, interpolated(u, left), interpolated(v, left), 8, frame.colorspace, range_)
    assert np.abs(read_frames(data, [0])[0] - exact).max() < 0.53
    other = rgb(y, interpolated(u, not left), interpolated(v, not left), 8, frame.colorspace, range_)
    assert np.abs(read_frames(data, [0])[0] - other).max() > 3, "the test can tell them apart"


def test_matrices_that_nobody_knows_are_named():
    for matrix in (8, 14):  # YCgCo, ICtCp
        with pytest.raises(ClipError, match=f"colour matrix \\(number {matrix} of ITU-T H.273\\) is unknown"):
            ToRgb()(flat("yuv420p", 8, (90, 100, 110), matrix, LIMITED))
    reserved = ToRgb()(flat("yuv420p", 8, (90, 100, 110), 3, LIMITED))
    np.testing.assert_array_equal(reserved, ToRgb()(flat("yuv420p", 8, (90, 100, 110), UNTAGGED, LIMITED)))
