"""The chained model: ragged or dense uint8 frames -> float32 logits, saved, loaded, and equal to the runner's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli.data.video import read_frames
from darkhar_cli.errors import BadRequest
from darkhar_cli.models.action_model import build_model
from tests.conftest import moving_square

TINY = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})


def clips(*lengths, **size):
    return [moving_square(i % 3, i, n=n, **size) for i, n in enumerate(lengths)]


def model(sampler="uniform", frames=4, enhance=("histeq",), extractor=TINY, classifier="lstm"):
    keras.utils.set_random_seed(2)
    chain = [(name, {"gamma": 0.4} if name == "gamma" else {}) for name in enhance]
    return build_model((sampler, {"frames": frames}), chain, extractor, (classifier, {}), 6)


@pytest.mark.parametrize("sampler", ["uniform", "linspace", "random"])
@pytest.mark.parametrize("frames", [4, 0.4])
def test_ragged_equals_one_clip_at_a_time(sampler, frames):
    network = model(sampler, frames)
    videos = clips(9, 14, 11)
    logits = network(tf.ragged.stack([tf.constant(v) for v in videos])).numpy()
    assert logits.shape == (3, 6)
    assert logits.dtype == np.float32
    alone = np.concatenate([network(v[None]).numpy() for v in videos])
    np.testing.assert_allclose(logits, alone, rtol=1e-4, atol=1e-5)


def test_clips_of_different_size_go_together():
    network = model()
    videos = [*clips(9, 14), *clips(12, height=40, width=72)]
    ragged = [tf.RaggedTensor.from_tensor(tf.constant(v), ragged_rank=2) for v in videos]
    logits = network(tf.ragged.stack(ragged)).numpy()
    alone = np.concatenate([network(v[None]).numpy() for v in videos])
    np.testing.assert_allclose(logits, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_saved_and_loaded_in_safe_mode_it_predicts_the_same(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        network = model("random", 4, ("gamma", "histeq"))
        ragged = tf.ragged.stack([tf.constant(v) for v in clips(9, 14)])
        expected = network(ragged).numpy()
        network.save(tmp_path / "model.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(again(ragged).numpy(), expected)
    predicted = again.predict(tf.data.Dataset.from_tensors(ragged), verbose=0)
    np.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-5)
    assert predicted.dtype == np.float32


def test_the_whole_model_trains_with_fit_and_xla():
    network = model("uniform", 4, ("histeq",))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=True)
    videos = np.stack(clips(9, 9, 9, 9))
    history = network.fit(videos, np.array([0, 1, 2, 3]), epochs=3, batch_size=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_a_too_short_clip_is_refused_where_that_was_asked_for():
    network = build_model(("uniform", {"frames": 12, "short": "error"}), [("none", {})], TINY, ("mean_pool", {}), 6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="fewer frames"):
        network(np.stack(clips(9)))
    assert network(np.stack(clips(12))).shape == (1, 6)


def test_a_host_extractor_has_no_whole_model(monkeypatch):
    from darkhar_cli.extractors.contract import Extractor
    from darkhar_cli.models import action_model

    host = Extractor("movenet", 51, None, function=lambda frames: frames)
    with pytest.raises(BadRequest, match="runs on the host"):
        action_model.assemble(("uniform", {"frames": 4}), [("none", {})], host, None)


def test_the_papers_shape_statement(real_clips):
    """Two real clips of different length as a ragged batch [2, ?, ?, ?, 3], up to the extractor: [2, 8, 768].

    Every fourth pixel of them: the shapes are those of any native size.
    """
    paths = [sorted(real_clips.glob(f"train/{name}/*.mp4"))[0] for name in ("Jump", "Run")]
    videos = [read_frames(path.read_bytes())[:, ::4, ::4] for path in paths]
    assert len(videos[0]) != len(videos[1])
    batch = tf.ragged.stack([tf.constant(v) for v in videos])
    extractor = ("convnext_small", {"weights": "none", "size": "native"})
    network = build_model(("uniform", {"frames": 8}), [("none", {})], extractor, ("lstm", {}), 6)
    features, mask = network.features(batch)
    assert features.shape == (2, 8, 768)
    assert mask.numpy().all()
