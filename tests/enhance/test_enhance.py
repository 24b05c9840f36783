"""Enhancements: the contract over the whole registry, and exact values against independent references."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from darkhar_cli.config import schema
from darkhar_cli.data.video import read_frames
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.models.layers import EnhanceFrames
from tests.helpers.enhanced_frames import (
    ENHANCEMENTS,
    FRAME_WISE,
    WITH_SCOPE,
    chain,
    dark_frames,
    reference_equalizer,
    run,
)


def in_scope(name, scope):
    """The parameters that give an enhancement this scope, where it has a choice."""
    return {"scope": scope} if name in WITH_SCOPE else {}


def assert_same_numbers(name, got, expected):
    """Alike up to float32; CLAHE, which rounds after blending, may differ by a level in one value of a hundred."""
    if name == "clahe":
        difference = np.abs(got - expected)
        assert difference.max() <= 1
        assert (difference > 0).mean() <= 0.01
    else:  # what a solver finds in float32 is divided by dark light
        np.testing.assert_allclose(got, expected, atol=0.05 if name in ("lime", "bimef") else 1e-3)


@pytest.mark.parametrize("name", ENHANCEMENTS)
def test_shape_type_and_range(name):
    frames = dark_frames()
    out = run(name, frames)
    assert out.shape == frames.shape
    assert out.dtype == np.float32
    assert out.min() >= 0
    assert out.max() <= 255
    np.testing.assert_array_equal(out, run(name, frames.astype(np.uint8)))


@pytest.mark.parametrize("name", ENHANCEMENTS)
@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_constant_frames_stay_finite(name, level):
    out = run(name, np.full((2, 8, 8, 3), level, np.float32))
    assert np.isfinite(out).all()
    assert len(np.unique(out)) == 1


@pytest.mark.parametrize("name", FRAME_WISE)
def test_batched_equals_one_by_one(name):
    frames, scope = dark_frames(), in_scope(name, "frame")
    alone = np.concatenate([run(name, frames[i : i + 1], **scope) for i in range(len(frames))])
    np.testing.assert_array_equal(run(name, frames, **scope), alone)


@pytest.mark.parametrize("name", [*WITH_SCOPE, "denoise"])
def test_clips_of_a_batch_are_enhanced_one_by_one(name):
    clips = dark_frames(6).reshape(2, 3, 24, 32, 3)
    clips[1] = np.minimum(clips[1] * 2.5, 255)
    scope = in_scope(name, "clip")
    expected = np.stack([run(name, clip, **scope) for clip in clips])
    np.testing.assert_array_equal(run(name, clips, **scope), expected)
    for compiled in (False, True):
        out = tf.function(EnhanceFrames(chain(name, **scope)), jit_compile=compiled)(tf.constant(clips)).numpy()
        assert_same_numbers(name, out, expected)


@pytest.mark.parametrize("name", WITH_SCOPE)
def test_scope_is_what_the_parameter_says(name):
    for scope in ("frame", "clip"):
        assert chain_scope(chain("gamma") + chain(name, scope=scope)) == scope
    assert chain_scope([(name, {})]) == schema.options("enhance")[name].defaults["scope"]
    assert chain_scope(chain("none") + chain("denoise")) == "clip"
    assert chain_scope(chain("none") + chain("gamma")) == "frame"


@pytest.mark.parametrize("name", ENHANCEMENTS)
def test_eager_graph_xla_and_any_precision_agree(name):
    frames = dark_frames()
    expected = run(name, frames)
    for compiled in (False, True):
        out = tf.function(EnhanceFrames(chain(name)), jit_compile=compiled)(tf.constant(frames)).numpy()
        assert_same_numbers(name, out, expected)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        out = run(name, frames)
    finally:
        keras.config.set_dtype_policy("float32")
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, expected)


class Probe(keras.layers.Layer):
    """Keeps the mean of what it is given, in training and in scoring."""

    def build(self, shape):
        self.seen = self.add_weight(shape=(2,), initializer="zeros", trainable=False)
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x, training=False):
        mean = keras.ops.mean(keras.ops.cast(x, "float32"))
        old = keras.ops.convert_to_tensor(self.seen)
        both = [mean, old[1]] if training else [old[0], mean]
        self.seen.assign(keras.ops.stack(both))
        return keras.ops.mean(keras.ops.cast(x, "float32"), axis=(1, 2, 3)) * self.scale


@pytest.mark.parametrize("name", ENHANCEMENTS)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_runs_inside_fit_as_in_predict(name, policy):
    keras.config.set_dtype_policy(policy)
    try:
        probe = Probe(dtype="float32")
        frames = keras.Input((24, 32, 3), dtype="uint8")
        model = keras.Model(frames, probe(EnhanceFrames(chain(name))(frames)))
        model.compile("sgd", "mse", jit_compile=True)
        data = dark_frames().astype(np.uint8)
        model.fit(data, np.zeros(3), batch_size=3, shuffle=False, verbose=0)  # a clip's frames have an order
        model.predict(data, batch_size=3, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    trained, scored = probe.seen.numpy()
    np.testing.assert_allclose(trained, scored, rtol=1e-5)
    np.testing.assert_allclose(trained, run(name, dark_frames()).mean(), rtol=1e-3)


def frames_for_histeq():
    rng = np.random.default_rng(1)
    return {
        "dark": dark_frames(),
        "flat noise": rng.integers(0, 256, (2, 40, 56, 3)).astype(np.float32),
        "two levels": rng.choice([3.0, 200.0], (2, 16, 16, 3)).astype(np.float32),
        "nearly constant": np.where(rng.random((2, 16, 16, 3)) < 0.01, 9.0, 8.0).astype(np.float32),
        "black": np.zeros((1, 16, 16, 3), np.float32),
        "one channel": np.stack([dark_frames()[..., 0], *[np.full((3, 24, 32), 7.0)] * 2], -1).astype(np.float32),
    }


@pytest.mark.parametrize("case", frames_for_histeq())
def test_histeq_equals_keras_cv_bit_for_bit(case):
    frames = frames_for_histeq()[case]
    equalizer = reference_equalizer()
    expected = np.stack([keras.ops.convert_to_numpy(equalizer(frame.astype(np.uint8))) for frame in frames])
    np.testing.assert_array_equal(run("histeq", frames), expected)


def test_histeq_is_pils_within_one_level():
    frames = dark_frames(4, 60, 80)
    images = [np.array(ImageOps.equalize(Image.fromarray(f.astype(np.uint8)))) for f in frames]
    assert np.abs(run("histeq", frames) - np.stack(images)).max() <= 1


def test_histeq_equals_keras_cv_on_real_clips(real_clips):
    clip = sorted(real_clips.glob("train/*/*.mp4"))[::40]
    frames = np.concatenate([read_frames(path.read_bytes(), [0, 20]) for path in clip])
    equalizer = reference_equalizer()
    expected = np.stack([keras.ops.convert_to_numpy(equalizer(frame)) for frame in frames])
    np.testing.assert_array_equal(run("histeq", frames), expected)


def test_gamma_is_the_formula():
    frames = dark_frames()
    expected = 255 * (frames.astype(np.float64) / 255) ** 0.4
    np.testing.assert_allclose(run("gamma", frames), expected, atol=1e-3)


def test_a_chain_applies_in_order():
    frames = dark_frames()
    both = keras.ops.convert_to_numpy(EnhanceFrames(chain("gamma") + chain("histeq"))(frames))
    np.testing.assert_array_equal(both, run("histeq", run("gamma", frames)))
    other = keras.ops.convert_to_numpy(EnhanceFrames(chain("histeq") + chain("gamma"))(frames))
    assert np.abs(both - other).max() > 1
