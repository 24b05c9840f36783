"""Streaming MoViNets: states go from frame to frame and begin anew with each clip."""

import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest
from tests.helpers.backbones import small_resnet
from tests.helpers.streaming_network import CLASSES, SIZE, Streaming, write_streaming


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_streaming(tmp_path_factory.mktemp("movinet") / "movinet_a0_stream.tflite")


def build(path, **parameters):
    return registry.get("extractor", "movinet")(str(path), **parameters)


def clip_of(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, SIZE, SIZE, 3)).astype(np.uint8)


def test_scores_after_each_frame_are_those_of_all_frames_so_far(file):
    extractor = build(file, fps="native")
    assert (extractor.scope, extractor.features, extractor.size) == ("clip", CLASSES, (SIZE, SIZE))
    assert extractor.runtime == "litert"
    clip = clip_of(9)
    features = extractor.function(clip, 30.0, None)
    np.testing.assert_allclose(features, Streaming().scores(clip / 255), atol=1e-4)


def test_each_clip_begins_without_memory(file):
    extractor = build(file, fps="native")
    first, other = clip_of(6), clip_of(6, seed=1)
    before = extractor.function(first, 30.0, None)
    extractor.function(other, 30.0, None)
    np.testing.assert_array_equal(extractor.function(first, 30.0, None), before)


def test_it_is_shown_so_many_frames_in_a_second_and_interpolated_between(file):
    clip = clip_of(12)
    features = build(file, fps=10.0).function(clip, 30.0, None)
    shown = Streaming().scores(clip[[0, 3, 6, 9]] / 255)
    expected = np.stack([np.interp(np.arange(12), [0, 3, 6, 9], column) for column in shown.T], axis=1)
    np.testing.assert_allclose(features, expected, atol=1e-4)
    slower = build(file, fps=60.0).function(clip, 30.0, None)
    np.testing.assert_allclose(
        slower, Streaming().scores(clip / 255), atol=1e-4, err_msg="no more frames than there are"
    )


def test_irregular_frames_are_shown_at_even_times(file):
    clip, times = clip_of(5), np.array([0.0, 0.1, 0.2, 0.9, 1.0])
    features = build(file, fps="native").function(clip, 4.0, times)
    np.testing.assert_allclose(features, Streaming().scores(clip[[0, 2, 2, 3, 4]] / 255), atol=1e-4)


def test_it_tells_how_it_did(file):
    said = build(file).trial([(clip_of(20), 30.0), (clip_of(20, seed=1), 30.0)])
    assert "movinet_a0_stream.tflite (streaming in litert, 16 x 16, 3 states)" in said
    assert f"ms a frame, {CLASSES} of {CLASSES} features vary" in said


def test_what_is_no_streaming_network_is_refused(file, tmp_path):
    network = tmp_path / "frames.tflite"
    small_resnet((16, 16)).export(str(network), format="litert", verbose=False)
    with pytest.raises(BadRequest, match=r"a streaming network takes one frame, and states .*extractor=model_file"):
        build(network)
    (tmp_path / "bad.tflite").write_bytes(b"nothing")
    with pytest.raises(BadRequest, match="is no streaming network"):
        build(tmp_path / "bad.tflite")
    with pytest.raises(BadRequest, match="no such file"):
        build(tmp_path / "lost.tflite")
    with pytest.raises(BadRequest, match=r"extractor\.output=logit: movinet_a0_stream\.tflite gives logits"):
        build(file, output="logit")
