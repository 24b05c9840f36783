"""Extractors: the contract over the whole registry, weights, and what happens when they are not to be had."""

import keras
import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.data.frame_difference import luma_changes
from darkhar_cli.data.video import read_frames
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.extractors import video_swin
from darkhar_cli.extractors.person.keypoints import KEYPOINTS, letterbox, load_movenet
from darkhar_cli.extractors.resampling import evenly
from darkhar_cli.weights import catalogue, numbers
from tests.helpers.backbones import small_resnet
from tests.helpers.onnx_files import write_onnx
from tests.helpers.streaming_network import write_streaming

SMALL = {"size": 32, "weights": "none"}
SIZED = {
    "convnext_small": (SMALL, 768),
    "convnext_tiny": (SMALL, 768),
    "mobilenet": (SMALL | {"alpha": 0.25}, 256),
    "mobilenet_v3_small": (SMALL, 576),
    "efficientnet_v2_b0": (SMALL, 1280),
    "conv_small": ({"size": [32, 40]}, 64),
    "movenet": ({}, 51),
    "pose": ({}, 70),
    "flow": ({}, 21),
    "pose_flow": ({}, 93),
    "background": ({"width": 8, "height": 6}, 48),
    "luma": ({}, 3),
    "motion": ({}, 2),
    "motion_flow": ({}, 56),
    "model_file": ({"channels": "rgb", "range": 1, "mean": 0.45, "std": 0.225}, 5),
    "movinet": ({}, 6),
    "video_swin": ({"frames": 4, "size": 32, "weights": "none"}, 24),
}
CLIP_WIDE = ("background", "motion", "motion_flow", "pose", "flow", "pose_flow", "movinet", "video_swin")
OF_KEYPOINTS = ("movenet", "pose", "flow", "pose_flow")


def build(name, weights=None):
    parameters = dict(SIZED[name][0])
    if weights is not None:
        parameters["weights"] = str(weights)
    keras.utils.set_random_seed(0)
    return registry.get("extractor", name)(**parameters)


def numbers_in(network):
    """Return how many floating-point numbers a network has."""
    return sum(int(np.prod(weight.shape)) for weight in network.weights if "float" in str(weight.dtype))


def test_every_extractor_is_covered():
    assert set(SIZED) == set(registry.parts("extractor"))


@pytest.fixture
def weights_of(fake_tflite, tmp_path, monkeypatch):
    """Return the file of weights of an extractor that needs one here; Video Swin is made small."""

    def find(name):
        if name == "video_swin":
            monkeypatch.setitem(video_swin.VARIANTS, "tiny", video_swin.Stages(12, (1, 1), (3, 6)))
        made = {
            "model_file": lambda: write_onnx(small_resnet((16, 16)), tmp_path / "net.onnx"),
            "movinet": lambda: write_streaming(tmp_path / "net.tflite"),
        }
        return made[name]() if name in made else fake_tflite if name in OF_KEYPOINTS else None

    return find


@pytest.mark.parametrize("name", SIZED)
def test_frames_to_features(name, weights_of):
    extractor = build(name, weights_of(name))
    size = extractor.size or (48, 64)
    frames = np.random.default_rng(0).uniform(0, 255, (3, *size, 3)).astype(np.float32)
    if name in CLIP_WIDE:
        frames = frames.astype(np.uint8)
    if extractor.backend == "keras":
        features = extractor.model.predict_on_batch(frames)
        assert extractor.trainable == (name == "conv_small")
    else:
        features = extractor.function(frames)
        assert not extractor.trainable
    assert features.shape == (3, extractor.features)
    assert extractor.features == SIZED[name][1]
    assert np.isfinite(features).all()
    known = {one.parameters for one in catalogue.CATALOGUE if one.word == name}
    assert not known or name in OF_KEYPOINTS or numbers_in(extractor.model) in known
    assert extractor.scope == ("clip" if name in CLIP_WIDE else "frame")
    assert bool(extractor.weights_hash) != extractor.trainable
    assert len(extractor.channels) in (0, extractor.features)
    if extractor.symmetry:
        assert extractor.symmetry.names == extractor.channels
        twice = extractor.symmetry.mirrored(extractor.symmetry.mirrored(features))
        np.testing.assert_allclose(twice, features, atol=1e-6, err_msg="a mirror's mirror")


@pytest.mark.parametrize("name", ["mobilenet", "conv_small"])
def test_the_seed_decides_random_weights(name):
    first, second = build(name), build(name)
    for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_trainable_is_obeyed():
    extractor = registry.get("extractor", "mobilenet")(alpha=0.25, trainable=True, **SMALL)
    assert extractor.trainable
    assert extractor.weights_hash == ""


def test_native_size_takes_any_frame():
    extractor = registry.get("extractor", "mobilenet")(alpha=0.25, weights="none", size="native")
    assert extractor.size is None
    assert extractor.model(np.zeros((1, 40, 56, 3), np.float32)).shape == (1, 256)


def test_weights_come_back_from_a_file(tmp_path):
    keras.utils.set_random_seed(5)
    source = keras.applications.MobileNet(
        alpha=0.25, include_top=False, weights=None, pooling="avg", input_shape=(32, 32, 3)
    )
    path = tmp_path / "net.weights.h5"
    source.save_weights(path)
    extractor = build("mobilenet", path)
    frames = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    expected = source.predict_on_batch(frames / 127.5 - 1)
    np.testing.assert_allclose(extractor.model.predict_on_batch(frames), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["mobilenet", "conv_small", *OF_KEYPOINTS])
def test_a_wrong_weights_file_is_named(name, tmp_path):
    path = tmp_path / "wrong.weights.h5"
    path.write_bytes(b"not weights at all" * 100)
    with pytest.raises(BadRequest, match=r"wrong\.weights\.h5"):
        build(name, path)


def test_weights_of_another_network_are_named(tmp_path):
    path = tmp_path / "other.weights.h5"
    build("conv_small").model.save_weights(path)
    with pytest.raises(BadRequest, match="does not fit extractor 'mobilenet'"):
        build("mobilenet", path)


def test_a_file_that_does_not_fit_says_which_parameter_would(tmp_path):
    path = tmp_path / "net.weights.h5"
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")
    network.save_weights(path)
    assert numbers.held_by(path) == numbers_in(network) == 218_544
    with pytest.raises(BadRequest, match=r"does not fit extractor 'mobilenet'; it fits extractor\.alpha=0\.25: "):
        registry.get("extractor", "mobilenet")(alpha=0.5, size=32, weights=str(path))


def test_what_is_no_file_of_numbers_holds_none(tmp_path):
    (tmp_path / "net.h5").write_bytes(b"not weights at all")
    assert numbers.held_by(tmp_path / "net.h5") == 0
    assert numbers.held_by(tmp_path / "none.h5") == 0


@pytest.mark.parametrize(("size", "is_", "is_not"), [(192, "lightning", "thunder"), (256, "thunder", "lightning")])
def test_movenets_variants_are_told_by_their_squares(size, is_, is_not, tmp_path):
    from tests.helpers.fake_movenet import write_tflite

    path = write_tflite(tmp_path / "net.tflite", size)
    assert load_movenet(str(path), is_).size == size
    with pytest.raises(
        BadRequest, match=f"it is MoveNet {is_.title()}, which fits extractor.variant={is_}, not {is_not}"
    ):
        load_movenet(str(path), is_not)
    extractor = registry.get("extractor", "movenet")(weights=str(path), variant=is_)
    assert extractor.function(np.zeros((1, 40, 60, 3), np.float32)).shape == (1, 51)


def test_no_such_file_is_named():
    with pytest.raises(BadRequest, match="no such file"):
        build("mobilenet", "/nowhere/net.h5")
    with pytest.raises(BadRequest, match="no such file or folder; get MoveNet"):
        build("movenet", "/nowhere/movenet.tflite")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("convnext_small", "convnext_small_notop.h5"),
        ("convnext_tiny", "convnext_tiny_notop.h5"),
        ("mobilenet", "mobilenet_2_5_224_tf_no_top.h5"),
        ("mobilenet_v3_small", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
        ("efficientnet_v2_b0", "efficientnetv2-b0_notop.h5"),
    ],
)
def test_without_a_network_the_message_says_what_to_get_and_where_to_put_it(name, file, monkeypatch, tmp_path):
    def refuse(name, url, **kwargs):
        raise Exception(f"URL fetch failure on {url}: None -- [Errno -2] Name or service not known")

    monkeypatch.setattr(keras.utils, "get_file", refuse)
    monkeypatch.delenv("DARKHAR_OFFLINE")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))  # where a developer's own downloads would be found
    with pytest.raises(FailedWork) as failure:
        build(name, "imagenet")
    said = str(failure.value)
    assert f"cannot download {file} ([Errno -2] Name or service not known)" in said
    assert f"/{file}" in said
    assert f"extractor.weights=<path to {file}>" in said
    assert f"`darkhar fetch {name}" in said


def test_movenet_reads_both_kinds_of_file(fake_tflite, fake_saved_model):
    frames = np.zeros((2, 48, 64, 3), np.float32)
    frames[0, 40:44, 2:6] = 255
    frames[1, 4:8, 58:62] = 255
    lite, saved = (build("movenet", path).function(frames) for path in (fake_tflite, fake_saved_model))
    np.testing.assert_allclose(lite, saved, atol=1e-5)
    assert lite[0, 0] > lite[1, 0], "the light is lower in the first frame"
    assert lite[0, 1] < lite[1, 1], "and further left"


def test_movenet_drops_the_score_on_request(fake_tflite):
    extractor = registry.get("extractor", "movenet")(weights=str(fake_tflite), confidence=False)
    whole = build("movenet", fake_tflite)
    frames = np.random.default_rng(0).uniform(0, 255, (2, 48, 64, 3)).astype(np.float32)
    expected = whole.function(frames).reshape(2, 17, 3)[:, :, :2].reshape(2, 34)
    np.testing.assert_array_equal(extractor.function(frames), expected)
    assert extractor.channels[:2] == ("nose_y", "nose_x")
    assert len(KEYPOINTS) == 17


def test_letterbox_keeps_the_shape_of_things():
    frame = np.full((24, 32, 3), 200, np.uint8)
    square = letterbox(frame, 64)
    assert square.shape == (64, 64, 3)
    assert (square[:8] == 0).all()
    assert (square[8:56] == 200).all()


def test_real_movenet_finds_a_person(real_models, real_clips):
    extractor = registry.get("extractor", "movenet")(weights=str(real_models / "movenet_lightning_int8.tflite"))
    clip = sorted(real_clips.glob("train/Walk/*.mp4"))[0]
    frames = read_frames(clip.read_bytes(), [20, 30]).astype(np.float32)
    points = extractor.function(255 * (frames / 255) ** 0.4).reshape(2, 17, 3)
    assert (points >= 0).all()
    assert (points <= 1).all()
    assert points[:, :, 2].max() > 0.3, "some keypoint is seen clearly"


def test_real_mobilenet_weights_load(real_models):
    extractor = registry.get("extractor", "mobilenet")(
        alpha=0.25, weights=str(real_models / "mobilenet_2_5_224_tf_no_top.h5")
    )
    assert extractor.features == 256
    with pytest.raises(BadRequest, match=r"does not fit extractor 'mobilenet'; it fits extractor\.alpha=0\.25: "):
        registry.get("extractor", "mobilenet")(alpha=0.5, weights=str(real_models / "mobilenet_2_5_224_tf_no_top.h5"))


def textured_clip(frames=9, height=60, width=80):
    """A still scene with a square that moves over it, (T, H, W, 3) uint8."""
    scene = np.random.default_rng(0).integers(0, 200, (height, width, 3), dtype=np.uint8)
    clip = np.repeat(scene[None], frames, axis=0)
    for i in range(frames):
        clip[i, 10:20, 8 * i : 8 * i + 8] = 250
    return scene, clip


def test_background_is_the_scene_without_what_moves():
    import cv2

    scene, clip = textured_clip()
    features = build("background").function(clip)
    grey = cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    expected = cv2.resize(grey, (8, 6), interpolation=cv2.INTER_AREA).reshape(-1)
    np.testing.assert_allclose(features, np.tile(expected, (9, 1)), atol=0.01)


def test_luma_is_the_formula():
    _, clip = textured_clip(2)
    grey = (clip.astype(np.float64) * [0.299, 0.587, 0.114]).sum(axis=-1) / 255
    expected = np.stack([grey.mean((1, 2)), grey.std((1, 2)), np.percentile(grey, 95, axis=(1, 2))], axis=1)
    np.testing.assert_allclose(build("luma").function(clip.astype(np.float32)), expected, rtol=1e-4)


def test_motion_is_another_when_what_measures_it_is_edited():
    part = registry.get("extractor", "motion")
    assert registry.source_hash("extractor", "motion") == registry.file_hash(part, luma_changes, evenly)
    assert registry.file_hash(part) != registry.file_hash(part, luma_changes)


def test_motion_is_the_difference_to_the_frame_before():
    _, clip = textured_clip(4)
    still = np.repeat(clip[:1], 3, axis=0)
    extract = build("motion").function
    np.testing.assert_array_equal(extract(still), np.zeros((3, 2)))
    moving = extract(clip)
    assert (moving[:, 0] > 0).all()
    np.testing.assert_array_equal(moving[0], moving[1])
    assert extract(clip[:1]).tolist() == [[0, 0]]
