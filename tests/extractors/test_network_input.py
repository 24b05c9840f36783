"""What a network is given: order of axes, colours, windows of frames; without a network."""

import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.network import layout as layouts
from darkhar_cli.extractors.network.colours import Colours, choose_colours
from darkhar_cli.extractors.network.contract import Said
from darkhar_cli.extractors.network.windows import Windows, at_times, timeline

CLIP = np.arange(2 * 4 * 5 * 6 * 3, dtype=np.float32).reshape(2, 4, 5, 6, 3)  # N T H W C


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, 224, 224, 3), "NHWC"),
        ((None, 3, 224, 224), "NCHW"),
        ((1, 16, 112, 112, 3), "NTHWC"),
        ((1, 3, 16, 112, 112), "NCTHW"),
        ((None, 16, 3, 224, 224), "NTCHW"),
        ((1, 1, 3, 16, 224, 224), "N1CTHW"),
        ((224, 224, 3), "HWC"),
        ((1, 3, 3, 112, 112), None),  # three frames or three colours
        ((None, None, None, None), None),
        ((1, 224, 224, 1), None),
        ((1, 2), None),
    ],
)
def test_a_shape_says_its_layout_where_three_colours_can_stand_in_one_place_only(shape, layout):
    assert layouts.read_layout(shape) == layout


@pytest.mark.parametrize(("layout", "axes"), [("NTHWC", "nthwc"), ("NCTHW", "ncthw"), ("NTCHW", "ntchw")])
def test_windows_are_turned_as_einsum_turns_them(layout, axes):
    np.testing.assert_array_equal(layouts.arrange(CLIP, layout), np.einsum(f"nthwc->{axes}", CLIP))


def test_frames_and_windows_without_a_batch_and_with_more_axes_are_turned():
    np.testing.assert_array_equal(layouts.arrange(CLIP[:, 0], "NCHW"), np.einsum("nhwc->nchw", CLIP[:, 0]))
    np.testing.assert_array_equal(layouts.arrange(CLIP[:1], "TCHW"), np.einsum("thwc->tchw", CLIP[0]))
    np.testing.assert_array_equal(layouts.arrange(CLIP, "N1CTHW")[:, 0], np.einsum("nthwc->ncthw", CLIP))
    assert layouts.shape_of("N1CTHW", {"N": 2, "T": 4, "H": 5, "W": 6}) == (2, 1, 3, 4, 5, 6)


def test_a_layout_that_cannot_be_is_refused_with_those_that_can():
    with pytest.raises(BadRequest, match="choose from NHWC, NCHW, THWC, TCHW, CTHW; did you mean 'NCHW'"):
        layouts.refuse_layout("NCWH", (1, 3, 8, 8), "input")
    with pytest.raises(BadRequest, match="input has 4 axes; choose from NHWC"):
        layouts.refuse_layout("NCTHW", (1, 3, 8, 8), "input")
    with pytest.raises(BadRequest, match="has 8 where the 3 colours would stand"):
        layouts.refuse_layout("NHWC", (1, 3, 8, 8), "input")


@pytest.mark.parametrize(
    ("layout", "shape", "axes"),
    [
        ("NCHW", (2, 7), ()),
        ("NCHW", (2, 5, 7), (1,)),  # tokens
        ("NCHW", (2, 7, 3, 4), (2, 3)),
        ("NHWC", (2, 3, 4, 7), (1, 2)),
        ("NCTHW", (2, 7, 5, 3, 4), (2, 3, 4)),
        ("NTCHW", (2, 5, 7, 3, 4), (1, 3, 4)),
        ("NTHWC", (2, 5, 3, 4, 7), (1, 2, 3)),
    ],
)
def test_outputs_are_averaged_over_all_but_batch_and_features(layout, shape, axes):
    output = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    found = layouts.pooled(output, layout, 2)
    assert found.shape == (2, 7)
    np.testing.assert_allclose(found, output.mean(axis=axes) if axes else output, rtol=1e-6)


def test_an_output_of_a_window_without_a_batch_is_one_row():
    output = np.random.default_rng(0).normal(size=(8, 7)).astype(np.float32)
    np.testing.assert_allclose(layouts.pooled(output, "TCHW", 1), output.mean(axis=0)[None], rtol=1e-6)
    assert layouts.pooled(output[0], "NCHW", 1).shape == (1, 7)
    with pytest.raises(BadRequest, match="no row of features for each"):
        layouts.pooled(output, "NCHW", 2)


def test_colours_are_the_formula_of_torchvision():
    frames = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    mean, std = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
    expected = (frames.astype(np.float64) / 255 - mean) / std
    np.testing.assert_allclose(Colours(False, (0.0, 1.0), mean, std)(frames), expected, atol=1e-5)
    turned = (frames[..., ::-1].astype(np.float64) / 127.5 - 1 - mean) / std
    np.testing.assert_allclose(Colours(True, (-1.0, 1.0), mean, std)(frames), turned, atol=1e-5)
    np.testing.assert_array_equal(Colours(False, (0.0, 255.0), (0.0,) * 3, (1.0,) * 3)(frames), frames)


def test_what_neither_file_nor_request_says_is_asked_for():
    colours, lacking = choose_colours("auto", "auto", "auto", "auto", Said(range=(0.0, 255.0)))
    assert colours is None
    assert [one.split("=")[0] for one in lacking] == ["extractor.channels", "extractor.mean", "extractor.std"]
    colours, lacking = choose_colours("bgr", 1, 0.45, [0.1, 0.2, 0.3], Said(channels="rgb", range=(0.0, 255.0)))
    assert colours == Colours(True, (0.0, 1.0), (0.45,) * 3, (0.1, 0.2, 0.3))
    assert lacking == []
    assert str(colours) == "BGR 0..1 less 0.45 by [0.1, 0.2, 0.3]"


def test_windows_go_from_the_first_frame_to_the_last_at_even_distances():
    positions = Windows(4).positions(10, 30.0)
    np.testing.assert_array_equal(positions, [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9]])
    positions = Windows(4, stride=2, every=3).positions(10, 30.0)
    np.testing.assert_array_equal(positions, [[0, 2, 4, 6], [3, 5, 7, 9]])
    np.testing.assert_array_equal(Windows(3, fps=10.0).positions(7, 30.0), [[0, 3, 6]])
    np.testing.assert_array_equal(Windows(3, fps=20.0, every=99).positions(4, 30.0), [[0, 2, 3]])


def test_a_clip_shorter_than_a_window_repeats_its_last_frame():
    np.testing.assert_array_equal(Windows(4, stride=2).positions(3, 30.0), [[0, 2, 2, 2]])
    np.testing.assert_array_equal(Windows(4).positions(1, 30.0), [[0, 0, 0, 0]])


@pytest.mark.parametrize("n", [1, 5, 31, 32, 33, 64, 100])
def test_every_frame_of_a_clip_is_in_a_window(n):
    seen = Windows(16).positions(n, 30.0)
    assert set(seen.ravel().tolist()) == set(range(n))


def test_a_timeline_is_interpolated_between_the_windows_middles():
    positions = Windows(4, every=6).positions(10, 30.0)  # middles 1.5 and 7.5
    features = np.array([[0.0, 1.0], [6.0, 4.0]], np.float32)
    found = timeline(features, positions, 10)
    expected = np.stack([np.interp(np.arange(10), [1.5, 7.5], column) for column in features.T], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(timeline(features[:1], positions[:1], 3), np.repeat(features[:1], 3, axis=0))


def test_irregular_frames_are_taken_at_even_times():
    times = np.array([0.0, 0.1, 0.2, 0.9, 1.0])  # even: 0, .25, .5, .75, 1
    np.testing.assert_array_equal(at_times(np.arange(5)[None], times), [[0, 2, 2, 3, 4]])
    np.testing.assert_array_equal(at_times(np.arange(5)[None], None), [np.arange(5)])
