"""`model_file`: networks of every format give Keras's features, and what a file does not say is asked for."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.extractors.network.openvino_file import import_openvino
from tests.helpers.backbones import part_of, r2plus1d, small_resnet
from tests.helpers.onnx_files import write_onnx

KINETICS = {"channels": "rgb", "range": 1, "mean": [0.432, 0.395, 0.376], "std": [0.228, 0.221, 0.217]}
PLAIN = {"channels": "rgb", "range": 255, "mean": 0.0, "std": 1.0}


def build(path, **parameters):
    return registry.get("extractor", "model_file")(weights=str(path), **parameters)


def clip_of(n=20, seed=0, size=(32, 40)):
    return np.random.default_rng(seed).integers(0, 256, (n, *size, 3)).astype(np.uint8)


def normalised(frames):
    return ((frames / np.float32(255) - KINETICS["mean"]) / KINETICS["std"]).astype(np.float32)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="module")
def video_network():
    return r2plus1d()


@pytest.fixture(scope="module")
def image_network():
    return small_resnet()


@pytest.fixture(scope="module")
def file(place, video_network, image_network):
    """Makes the file of a network that sees `windows` or `frames`, in a format, once."""

    @functools.cache
    def make(sees, kind):
        network = video_network if sees == "windows" else image_network
        path = place / f"{sees}{ {'openvino': '.xml', 'savedmodel': ''}.get(kind, f'.{kind}') }"
        if kind == "onnx":
            write_onnx(network, path, batch=1 if sees == "windows" else "N")
        elif kind == "openvino":
            ov = import_openvino()
            ov.save_model(ov.Core().read_model(str(make(sees, "onnx"))), str(path), compress_to_fp16=False)
        elif kind == "keras":
            network.save(path)
        else:
            network.export(str(path), format="litert" if kind == "tflite" else "tf_saved_model", verbose=False)
        return path

    return make


@pytest.mark.parametrize("kind", ["onnx", "openvino", "tflite", "savedmodel", "keras"])
def test_a_clips_windows_have_kerass_features(kind, file, video_network):
    extractor = build(file("windows", kind), output="last_pooled", every=6, **KINETICS)
    assert (extractor.scope, extractor.size, extractor.backend) == ("clip", (32, 40), "host")
    assert extractor.runtime == ("litert" if kind == "tflite" else "openvino")
    clip = clip_of()
    features = extractor.function(clip, 30.0, None)
    assert features.shape == (20, extractor.features)
    windows = np.stack([normalised(clip[start : start + 8]) for start in (0, 6, 12)])
    expected = part_of(video_network, "pooled")(windows)
    timeline = np.stack([np.interp(np.arange(20), [3.5, 9.5, 15.5], column) for column in expected.T], axis=1)
    np.testing.assert_allclose(features, timeline, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("kind", ["onnx", "tflite", "keras"])
def test_frames_have_kerass_features_whatever_their_neighbours(kind, file, image_network):
    extractor = build(file("frames", kind), **KINETICS)
    assert (extractor.scope, extractor.size, extractor.features) == ("frame", (32, 40), 5)
    frames = clip_of(7).astype(np.float32)
    features = extractor.function(frames)
    expected = part_of(image_network, "logits")(normalised(frames))
    np.testing.assert_allclose(features, expected, atol=2e-4 * np.abs(expected).max())
    alone = np.concatenate([extractor.function(frame[None]) for frame in frames])
    np.testing.assert_array_equal(features, alone)


def test_something_inside_is_taken_by_its_name_and_pooled(file, image_network):
    frames = clip_of(3).astype(np.float32)
    expected = part_of(image_network, "inner")(normalised(frames)).mean(axis=(1, 2))
    for kind in ("onnx", "keras"):
        extractor = build(file("frames", kind), output="inner", **KINETICS)
        np.testing.assert_allclose(extractor.function(frames), expected, atol=1e-5)
        with pytest.raises(BadRequest, match=r"extractor\.output=iner: .* did you mean 'inner'"):
            build(file("frames", kind), output="iner", **KINETICS)


def test_what_the_file_does_not_say_is_asked_for_all_at_once(file):
    with pytest.raises(BadRequest) as refusal:
        build(file("windows", "onnx"))
    said = str(refusal.value)
    assert "windows.onnx (ONNX) says: input 'frames' float32 (1, 3, 8, 32, 40), NCTHW; output 'logits'" in said
    for key in ("channels=rgb", "range=1", "mean=0", "std=1"):
        assert f"extractor.{key}" in said
    assert "extractor.size" not in said, "that the file says"


def test_free_sizes_are_asked_for(place):
    path = write_onnx(small_resnet((None, None)), place / "any.onnx", batch="N")
    with pytest.raises(BadRequest, match=r"give: extractor\.size=N \(or \[height,width\]\)$"):
        build(path, **PLAIN)
    extractor = build(path, size=[24, 16], **PLAIN)
    assert extractor.size == (24, 16)
    assert extractor.function(clip_of(2, size=(24, 16)).astype(np.float32)).shape == (2, 5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"size": 64}, r"extractor\.size=64: input .* takes 32 x 40"),
        ({"frames": 9}, r"extractor\.frames=9: input .* takes 8"),
        ({"scope": "frame"}, r"extractor\.scope=frame: input .* is NCTHW, so the network sees windows"),
        ({"layout": "NTHWC"}, r"extractor\.layout=NTHWC: .* has 40 where the 3 colours would stand"),
        ({"stride": 2, "fps": 10.0}, "say two things"),
        ({"output": "logit"}, r"extractor\.output=logit: .*did you mean 'logits'"),
    ],
)
def test_what_contradicts_the_file_is_refused(words, message, file):
    with pytest.raises(BadRequest, match=message):
        build(file("windows", "onnx"), **KINETICS, **words)


def test_windows_are_not_asked_for_of_networks_on_frames(file):
    with pytest.raises(BadRequest, match=r"extractor\.stride=2: this network sees one frame at a time"):
        build(file("frames", "onnx"), stride=2, **KINETICS)


def test_a_network_with_two_outputs_says_which_there_are(place, image_network):
    path = write_onnx(image_network, place / "two.onnx", batch="N", extra_outputs=["pooled"])
    with pytest.raises(BadRequest, match=r"two\.onnx has 2 outputs: give extractor\.output=NAME, one of 'logits'"):
        build(path, **PLAIN)
    assert build(path, output="pooled", **PLAIN).features == 8


def test_a_network_of_two_inputs_is_refused(place):
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    keras.Model([a, b], keras.layers.Add()([a, b])).save(place / "two.keras")
    with pytest.raises(BadRequest, match="takes 2 inputs"):
        build(place / "two.keras", **PLAIN)


@pytest.mark.parametrize("name", ["bad.tflite", "bad.keras"])
def test_what_is_no_network_is_refused_with_what_is(name, place):
    (place / name).write_bytes(b"nothing of the kind")
    with pytest.raises(BadRequest, match=r"extractor\.weights=.*cannot be read"):
        build(place / name, **PLAIN)


def test_code_in_a_file_is_not_run(place):
    given = keras.Input((8, 8, 3))
    made = keras.Model(given, keras.layers.Lambda(lambda x: x + 1)(given))
    made.save(place / "code.keras")
    with pytest.raises(BadRequest, match="it holds code"):
        build(place / "code.keras", **PLAIN)


def test_a_network_that_scales_frames_itself_says_so(place):
    small_resnet(scaled=True).save(place / "scaled.keras")
    extractor = build(place / "scaled.keras", channels="rgb")
    frames = clip_of(2).astype(np.float32)
    expected = part_of(small_resnet(scaled=True), "logits")(frames)
    np.testing.assert_allclose(extractor.function(frames), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs")
def test_a_quantised_tflite_says_its_range(place):
    network = small_resnet((16, 16))
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    examples = np.random.default_rng(0).uniform(-1, 1, (8, 1, 16, 16, 3)).astype(np.float32)
    converter.representative_dataset = lambda: ([one] for one in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    (place / "levels.tflite").write_bytes(converter.convert())
    extractor = build(place / "levels.tflite", channels="rgb")
    frames = clip_of(2, size=(16, 16)).astype(np.float32)
    expected = part_of(network, "logits")(frames / 127.5 - 1)
    np.testing.assert_allclose(extractor.function(frames), expected, atol=0.1 * np.abs(expected).max())


def test_two_clips_tell_how_it_does(file):
    extractor = build(file("windows", "onnx"), **KINETICS)
    said = extractor.trial([(clip_of(), 30.0), (clip_of(seed=1), 30.0)])
    assert "windows.onnx (ONNX in openvino, NCTHW (1, 3, 8, 32, 40), RGB 0..1" in said
    assert "ms a window, 5 of 5 features vary over 2 clips" in said


def test_features_that_cannot_be_right_are_refused(place):
    still = r2plus1d()
    still.get_layer("logits").set_weights([np.zeros((16, 5)), np.ones(5)])
    path = write_onnx(still, place / "still.onnx")
    with pytest.raises(FailedWork, match="the same features for clips that differ"):
        build(path, **KINETICS).trial([(clip_of(), 30.0), (clip_of(seed=1), 30.0)])
    black = np.zeros_like(clip_of())
    assert "0 of 5 features vary" in build(path, **KINETICS).trial([(black, 30.0), (black, 30.0)])
    still.get_layer("logits").set_weights([np.ones((16, 5)), np.full(5, np.nan)])
    with pytest.raises(FailedWork, match=r"not finite .* check extractor\.range"):
        build(write_onnx(still, path), **KINETICS).trial([(clip_of(), 30.0), (clip_of(seed=1), 30.0)])
