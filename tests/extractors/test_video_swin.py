"""Video Swin: weights by name from files of either naming, whole classifiers, and for fewer frames and pixels."""

import warnings

import h5py
import keras
import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors import video_swin
from darkhar_cli.extractors.network import video_swin_weights as by_name

SMALL = video_swin.Stages(12, (2, 1), (3, 6))
FRAMES, SIZE = 16, 56  # of the network whose weights are kept: windows of 8 x 7 x 7 fill both of its stages
OWN_NAMES = (  # of Keras's classes -> of the layers themselves, as keras-cv and innat/VideoSwin call them
    ("video_swin_patching_and_embedding/layers/conv3d", "patching_and_embedding/proj"),
    ("video_swin_patching_and_embedding/layers/layer_normalization", "patching_and_embedding/norm"),
    ("video_swin_basic_layer_1", "videoswin_basic_layer_2"),
    ("video_swin_basic_layer/", "videoswin_basic_layer_1/"),
    ("attn/layers/dense_1", "attn/proj"),
    ("attn/layers/dense", "attn/qkv"),
    ("/layers/layer_normalization_1", "/norm2"),
    ("/layers/layer_normalization", "/norm1"),
    ("/layers/mlp", "/mlp"),
    ("layers/layer_normalization/vars", "layers/top_norm/vars"),
)


@pytest.fixture(autouse=True)
def tiny_stages(monkeypatch):
    monkeypatch.setitem(video_swin.VARIANTS, "tiny", SMALL)


@pytest.fixture(scope="module")
def backbone():
    made = video_swin._backbone(SMALL, 8, (FRAMES, SIZE, SIZE, 3))
    rng = np.random.default_rng(0)
    for weight in made.weights:
        weight.assign(rng.normal(0, 0.3, weight.shape) + (np.asarray(weight) == 1))
    return made


@pytest.fixture(scope="module")
def published(backbone, tmp_path_factory):
    """A file with the names of the published ones."""
    path = tmp_path_factory.mktemp("swin") / "videoswin_tiny_kinetics400.weights.h5"
    backbone.save_weights(path)
    with h5py.File(path) as file:  # as Keras 3.0 has it, too: a change would leave published files unread
        assert "layers/video_swin_basic_layer_1/blocks/video_swin_transformer_block/attn/layers/dense/vars/0" in file
        assert "layers/video_swin_patching_and_embedding/layers/conv3d/vars/0" in file
        assert "layers/layer_normalization/vars/0" in file
    return path


def build(path, **parameters):
    return registry.get("extractor", "video_swin")(str(path), **parameters)


def clip_of(n, size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3)).astype(np.uint8)


def expected_features(backbone, clip):
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    given = ((clip - mean) / std).astype(np.float32)[None]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?s).*does not support masking")
        return keras.ops.convert_to_numpy(backbone(given, training=False)).mean(axis=(1, 2, 3))


def renamed(path, target):
    with h5py.File(path) as file, h5py.File(target, "w") as made:

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                for old, new in OWN_NAMES:
                    name = name.replace(old, new)
                made[name] = np.asarray(item)

        file.visititems(copy)
    return target


def test_published_names_lead_to_the_networks_features(published, backbone):
    extractor = build(published, frames=FRAMES, size=SIZE, stride=1)
    assert (extractor.scope, extractor.features, extractor.size) == ("clip", 24, (SIZE, SIZE))
    clip = clip_of(FRAMES, SIZE)
    features = extractor.function(clip, 30.0, None)
    expected = expected_features(backbone, clip)
    assert features.shape == (FRAMES, 24)
    np.testing.assert_allclose(features, np.repeat(expected, FRAMES, axis=0), atol=1e-4 * np.abs(expected).max())


def test_layers_own_names_and_whole_classifiers_hold_the_same(published, backbone, tmp_path):
    import keras_cv

    held = by_name.held_by(published)
    classifier = keras_cv.models.VideoClassifier(backbone, 5)
    classifier.save_weights(tmp_path / "classifier.weights.h5")
    for path in (renamed(published, tmp_path / "own.weights.h5"), tmp_path / "classifier.weights.h5"):
        other = by_name.held_by(path)
        assert set(other) == set(held)
        for name, array in held.items():
            np.testing.assert_array_equal(other[name], array)
    assert len(held) == len(backbone.weights)


def test_fewer_frames_and_pixels_keep_the_biases_of_the_distances_they_have(backbone, published):
    table = np.random.default_rng(0).normal(size=(15 * 13 * 13, 2)).astype(np.float32)
    small = by_name._nearer(table, 8, (3, 4, 5))
    full, box = table.reshape(15, 13, 13, 2), small.reshape(5, 7, 9, 2)
    for distance in ((0, 0, 0), (2, -3, 4), (-2, 3, -4), (1, 1, 1)):
        there = tuple(d + n - 1 for d, n in zip(distance, (8, 7, 7), strict=True))
        here = tuple(d + n - 1 for d, n in zip(distance, (3, 4, 5), strict=True))
        np.testing.assert_array_equal(box[here], full[there])
    assert build(published, frames=8, size=32).features == 24


def test_weights_of_another_variant_say_which_they_fit(published, monkeypatch):
    with pytest.raises(BadRequest, match=r"does not fit extractor\.variant=base: it fits extractor\.variant=tiny"):
        build(published, variant="base")
    monkeypatch.setitem(video_swin.VARIANTS, "tiny", video_swin.Stages(24, (2, 1), (3, 6)))
    with pytest.raises(BadRequest, match=r"variant=tiny: it has width 12 and \(2, 1\) blocks"):
        build(published)


def test_files_that_lack_or_add_something_are_refused(published, tmp_path):
    path = tmp_path / "less.weights.h5"
    path.write_bytes(published.read_bytes())
    with h5py.File(path, "a") as file:
        del file["layers/layer_normalization/vars/0"]
        file["layers/video_swin_basic_layer/more/vars/0"] = np.zeros(3, np.float32)
    with pytest.raises(BadRequest, match=r"lacks 1 arrays \(top_norm/0\) and has 1 more \(stage0/more/0\)"):
        build(path, frames=FRAMES, size=SIZE)
    (tmp_path / "text.h5").write_text("nothing")
    with pytest.raises(BadRequest, match=r"is no \.weights\.h5 of Keras"):
        build(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["layers/dense/vars/0"] = np.zeros(3)
    with pytest.raises(BadRequest, match="holds no Video Swin Transformer"):
        build(tmp_path / "other.h5")
    with pytest.raises(BadRequest, match="no such file"):
        build(tmp_path / "lost.h5")


def test_another_files_weights_are_another_key(published, tmp_path, backbone):
    small = {"frames": 8, "size": 32}
    before = build(published, **small).weights_hash
    path = tmp_path / "changed.weights.h5"
    path.write_bytes(published.read_bytes())
    assert build(path, **small).weights_hash == before
    with h5py.File(path, "a") as file:
        file["layers/layer_normalization/vars/0"][0] += 1
    assert build(path, **small).weights_hash != before


def test_the_yaml_lists_the_variants():
    assert set(schema.options("extractor")["video_swin"].parameters["variant"].types) == set(video_swin.VARIANTS)
