"""The layer that picks frames, for every sampler: what the host picks; and several views through the whole model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli.data.frame_difference import motion_of
from darkhar_cli.models.action_model import ActionModel, build_model
from darkhar_cli.models.layers import SampleFrames
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.samplers.contract import nearest
from tests.conftest import moving_square
from tests.helpers.sampler_cases import CASE_IDS, CASES, make

ops = keras.ops
TINY = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})
DENSE = ("dense", {"frames": 4, "stride": 2, "clips": 3})


def ragged(videos):
    return tf.ragged.stack([tf.constant(v) for v in videos])


def clips(*lengths, **size):
    return [moving_square(i % 3, i, n=n, **size) for i, n in enumerate(lengths)]


def model(sampler=DENSE, enhance=("gamma", "histeq"), classifier="lstm"):
    keras.utils.set_random_seed(2)
    chain = [(name, {"gamma": 0.4} if name == "gamma" else {}) for name in enhance]
    return build_model(sampler, chain, TINY, (classifier, {}), 6)


def picked_on_the_host(name, parameters, videos, keys, rates):
    """Each clip's frames (V, T, H, W, 3) and mask (V, T), by NumPy."""
    sampler = make(name, **parameters)
    for video, key, fps in zip(videos, keys, rates, strict=True):
        motion = motion_of(video) if sampler.wants_motion else None
        positions, mask = sampler(len(video), fps, key=key, motion=motion)
        yield video[nearest(np, positions)], mask


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=CASE_IDS)
def test_the_layer_picks_what_the_host_does(name, parameters):
    videos, keys, rates = clips(9, 14, 5, 40), [3, 2**31 + 5, 7, 8], [30.0, 12.5, 0.0, 60.0]
    layer = SampleFrames(name, parameters)
    frames, mask = layer(ragged(videos), tf.constant(keys, tf.uint32), tf.constant(rates))
    views, steps = layer.views, mask.shape[1]
    assert frames.shape == (4 * views, steps, *videos[0].shape[1:])
    assert frames.dtype == tf.uint8
    expected = picked_on_the_host(name, parameters, videos, keys, rates)
    for i, (some, real) in enumerate(expected):
        rows, length = slice(i * views, (i + 1) * views), real.shape[1]
        np.testing.assert_array_equal(frames[rows, :length], some)
        np.testing.assert_array_equal(mask[rows, :length], real)
        assert not mask[rows, length:].numpy().any()
        assert not frames[rows, length:].numpy().any()
    alone, _ = layer(videos[1][None], tf.constant(keys[1:2], tf.uint32), tf.constant(rates[1:2]))
    np.testing.assert_array_equal(alone, frames[views : 2 * views, : alone.shape[1]])


@pytest.mark.parametrize(("name", "parameters"), CASES, ids=CASE_IDS)
def test_clips_that_are_not_known_share_a_key_and_count_as_30_a_second(name, parameters):
    videos = np.stack(clips(40, 40))
    layer = SampleFrames(name, parameters, seed=5)
    frames, mask = layer(videos)
    key = key_of(5, SCORING, "")
    expected = list(picked_on_the_host(name, parameters, videos, [key] * 2, [None] * 2))
    np.testing.assert_array_equal(frames, np.concatenate([some for some, _ in expected]))
    np.testing.assert_array_equal(mask, np.concatenate([real for _, real in expected]))


@pytest.mark.parametrize("enhance", [("none",), ("gamma", "histeq")])
def test_views_are_scored_one_by_one_and_their_log_probabilities_averaged(enhance):
    network = model(enhance=enhance)
    parts = (network.enhance, network.resize, network.per_frame, network.classifier)
    whole = ActionModel(SampleFrames("all", {}), *parts)  # scores every frame it is given, as one view
    videos = [*clips(9, 14, 5), *clips(12, height=40, width=72)]
    expected = []
    for video in videos:
        positions = make(DENSE[0], **DENSE[1])(len(video))[0].astype(int)
        assert len(positions) == 3
        views = [ops.log_softmax(whole(video[view][None]))[0].numpy() for view in positions]
        expected.append(np.mean(views, axis=0))
    batch = tf.ragged.stack([tf.RaggedTensor.from_tensor(tf.constant(v), ragged_rank=2) for v in videos])
    logits = network(batch).numpy()
    assert logits.shape == (4, 6)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(network(videos[1][None])[0], expected[1], rtol=1e-4, atol=1e-5)
    assert np.ptp([views[0] for views in expected]) > 0


def test_features_of_views_stand_clip_by_clip():
    network = model()
    videos = clips(14, 30)
    features, mask = network.features(ragged(videos))
    assert features.shape == (6, 4, 8)
    assert mask.shape == (6, 4)
    alone, _ = network.features(videos[1][None])
    assert alone.shape == (3, 4, 8)
    np.testing.assert_allclose(features[3:], alone, rtol=1e-4, atol=1e-5)
    assert np.abs(alone[0] - alone[2]).max() > 1e-3, "views of a moving square differ"


def test_one_view_gives_the_classifiers_own_logits():
    network = model(("linspace", {"frames": 4}))
    videos = np.stack(clips(9, 9))
    features, mask = network.features(videos)
    np.testing.assert_array_equal(network(videos), network.classifier([features, mask]))
    assert not np.allclose(np.exp(network(videos)).sum(axis=1), 1), "no log-probabilities"


@pytest.mark.parametrize("sampler", [("rate", {"fps": 15.0, "steps": 9}), ("all", {}), ("uniform", {"frames": 0.5})])
def test_padded_steps_have_zero_features(sampler):
    network = model(sampler)
    features, mask = network.features(ragged(clips(9, 14, 5)))
    padded = ~mask.numpy()
    assert padded.any()
    assert not features.numpy()[padded].any()
    assert features.numpy()[~padded].any(axis=1).all()


def test_the_rate_of_a_clip_decides_its_steps():
    network = model(("rate", {"fps": 10.0, "steps": None}), enhance=("none",))
    videos = ragged(clips(13, 13))
    _, mask = network.features(videos, fps=tf.constant([30.0, 20.0]))
    np.testing.assert_array_equal(mask.numpy().sum(axis=1), [5, 7])
    np.testing.assert_array_equal(network.features(videos)[1].numpy().sum(axis=1), [5, 5])
    logits = network(videos, fps=tf.constant([30.0, 20.0])).numpy()
    assert (logits[0] == network(videos).numpy()[0]).all()
    assert (logits[1] != network(videos).numpy()[1]).any()


@pytest.mark.parametrize(
    ("sampler", "enough"),
    [(("dense", {"frames": 4, "stride": 3, "short": "error"}), 10), (("rate", {"steps": 6, "short": "error"}), 9)],
)
def test_a_too_short_clip_is_refused(sampler, enough):
    network = model(sampler, ("none",))
    with pytest.raises(tf.errors.InvalidArgumentError, match="fewer frames"):
        network(np.stack(clips(enough - 1)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="fewer frames"):
        network(ragged(clips(enough, enough - 1)))
    assert network(np.stack(clips(enough))).shape == (1, 6)


def test_a_model_of_several_views_is_saved_and_trains_under_xla(tmp_path):
    network = model(enhance=("histeq",))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=True)
    videos = np.stack(clips(12, 12, 12, 12))
    history = network.fit(videos, np.array([0, 1, 2, 3]), epochs=3, batch_size=4, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    batch = ragged(clips(9, 14))
    np.testing.assert_array_equal(again(batch), network(batch))


@pytest.mark.parametrize("sampler", [("rate", {"steps": 6}), ("motion", {"frames": 4}), ("all", {})])
def test_a_model_predicts_in_a_compiled_graph(sampler):
    network = model(sampler)
    videos = np.stack(clips(14, 14))
    compiled = tf.function(lambda x: network(x), jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(videos)), network(videos), rtol=1e-3, atol=1e-4)
