"""Engines: every frozen Keras extractor gives the same features in OpenVINO as in Keras, however they are batched."""

import functools
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli import device, registry
from darkhar_cli.config import schema
from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.errors import FailedWork
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.features import frozen_extractor, runtimes
from darkhar_cli.features.prefetch import extract

SIZE = 32
PARAMETERS = {name: option.parameters for name, option in schema.options("extractor").items()}
_LOADED = ("auto", schema.MISSING)  # weights that tests have no random ones for
KERAS = [name for name, given in PARAMETERS.items() if given.get("weights") and given["weights"].default not in _LOADED]


@functools.cache
def built(name="mobilenet", **parameters):
    """Return a float32 extractor that tests share; none of them changes it."""
    return build(name, **parameters)


def build(name="mobilenet", seed=0, **parameters):
    keras.utils.set_random_seed(seed)
    small = {"weights": "none", "size": SIZE if name != "conv_small" else [SIZE, SIZE]}
    if name == "mobilenet":
        small["alpha"] = 0.25
    return registry.get("extractor", name)(**small | parameters)


def some_frames(n=9):
    return np.random.default_rng(3).uniform(0, 255, (n, SIZE, SIZE, 3)).astype(np.float32)


def features(made, frames, step=None):
    """Return an engine's features of frames, given `step` at a time."""
    step = step or made.batch
    return np.concatenate([made.run(frames[i : i + step]) for i in range(0, len(frames), step)])


@pytest.mark.parametrize("name", KERAS)
def test_openvino_gives_kerass_features(name):
    extractor, frames = built(name), some_frames()
    got = features(runtimes.openvino_engine(extractor), frames)
    expected = keras.ops.convert_to_numpy(extractor.model(frames, training=False))
    assert got.dtype == np.float32
    assert got.shape == (9, extractor.features)
    assert np.abs(got - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("make", [runtimes.openvino_engine, lambda e: runtimes.keras_engine(e, xla=False)])
def test_bits_do_not_depend_on_a_frames_neighbours(make):
    made, frames = make(built()), some_frames(11)
    whole = features(made, frames)
    np.testing.assert_array_equal(features(made, frames, 1), whole)
    np.testing.assert_array_equal(features(made, frames, 3), whole)
    np.testing.assert_array_equal(features(made, frames[::-1].copy())[::-1], whole)


def test_threads_and_streams_do_not_change_bits(monkeypatch):
    frames = some_frames(16)
    one = features(runtimes.openvino_engine(built()), frames)
    made = runtimes.openvino_engine(built())
    parts = [frames[i : i + 2] for i in range(0, 16, 2)]
    for _ in range(3):
        found = [part for _, part in extract(range(8), lambda i: parts[i], made)]
        np.testing.assert_array_equal(np.concatenate(found), one)
    monkeypatch.setattr(runtimes, "_THROUGHPUT", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1})
    np.testing.assert_array_equal(features(runtimes.openvino_engine(built()), frames), one)


def test_bfloat16_is_asked_for_not_taken():
    frames = some_frames()
    exact = features(runtimes.openvino_engine(built("mobilenet_v3_small")), frames)
    rough = features(runtimes.openvino_engine(built("mobilenet_v3_small"), "bfloat16"), frames)
    difference = np.abs(rough - exact).max() / np.abs(exact).max()
    assert difference < 0.3
    if runtimes.runs_bfloat16():
        assert difference > 1e-4


@pytest.mark.parametrize("able", [True, False])
def test_the_precision_that_is_computed_in_is_the_one_that_is_named(able, monkeypatch):
    monkeypatch.setattr(frozen_extractor, "runs_bfloat16", lambda: able)
    asked = RuntimeSettings("openvino", "bfloat16")
    part = ("mobilenet", {"alpha": 0.25, "weights": "none", "size": SIZE})
    ready = built()
    made = frozen_extractor.freeze(part, ready, [("none", {})], frozen_extractor.choose_runtime(ready, asked))
    assert made.runtime.precision == made.about["precision"] == ("bfloat16" if able else "float32")
    assert ("no bfloat16" in made.runtime.why) != able


def test_a_few_frame_sizes_are_kept_compiled():
    frames = keras.Input((None, None, 3))
    network = keras.Model(frames, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(frames)))
    made = runtimes.openvino_engine(Extractor("any", 2, None, model=network))
    for width in range(32, 32 + 4 * runtimes._MOST_SHAPES, 2):
        made.run(np.zeros((1, 32, width, 3), np.float32))
    assert len(made.run._idle) == runtimes._MOST_SHAPES


def test_frames_of_every_size_are_taken_at_native_size():
    made = runtimes.openvino_engine(built(size="native"))
    for height, width in ((40, 48), (32, 64), (40, 48)):
        frames = np.random.default_rng(0).uniform(0, 255, (3, height, width, 3)).astype(np.float32)
        assert features(made, frames).shape == (3, 256)


def test_xla_gives_the_same_features_on_a_cpu_device():
    extractor, frames = built(), some_frames()
    plain = features(runtimes.keras_engine(extractor, xla=False), frames)
    compiled = features(runtimes.keras_engine(extractor, xla=True), frames)
    assert np.abs(plain - compiled).max() <= 1e-4 * np.abs(plain).max()


def test_a_mixed_precision_model_leaves_float32():
    with device.precision("mixed_bfloat16"):
        extractor = build()
        got = features(runtimes.keras_engine(extractor, xla=False), some_frames())
        with pytest.raises(ValueError, match="not in float32"):
            runtimes.openvino_engine(extractor)
    assert got.dtype == np.float32
    assert np.isfinite(got).all()


def test_runtimes_are_resolved_by_the_device(monkeypatch):
    extractor = built()
    host = Extractor("points", 2, None, function=lambda frames: frames[:, 0, 0, :2], runtime="litert")
    monkeypatch.setattr(device, "on_gpu", lambda: False)
    assert runtimes.resolve_runtime("auto", extractor)[0] == "openvino"
    assert runtimes.resolve_runtime("keras", extractor)[0] == "keras"
    monkeypatch.setattr(device, "on_gpu", lambda: True)
    assert runtimes.resolve_runtime("auto", extractor)[0] == "keras"
    assert runtimes.resolve_runtime("openvino", extractor)[0] == "openvino"
    assert runtimes.resolve_runtime("openvino", host)[0] == "litert"
    assert runtimes.build_engine(host, "litert", "float32").batch is None


@keras.saving.register_keras_serializable("tests")
class Eigenvalues(keras.layers.Layer):
    """Something OpenVINO has no operation for."""

    def call(self, frames):
        square = tf.reduce_mean(frames, axis=-1)
        return tf.math.real(tf.linalg.eigvals(tf.cast(square, tf.float32)))


def test_what_openvino_cannot_run_is_said_with_the_way_out():
    inputs = keras.Input((SIZE, SIZE, 3))
    odd = Extractor("odd", SIZE, (SIZE, SIZE), model=keras.Model(inputs, Eigenvalues()(inputs)))
    with pytest.raises(FailedWork, match=r"OpenVINO cannot run extractor 'odd' .*give runtime=keras"):
        features(runtimes.openvino_engine(odd), some_frames())


def test_nothing_is_reported_to_openvinos_maker():
    runtimes.import_openvino()
    assert "openvino_telemetry" not in sys.modules
    from openvino.tools.ovc import convert_impl

    assert convert_impl.tm.__name__.endswith("telemetry_stub")


def test_versions_name_what_the_bits_come_from():
    assert set(runtimes.versions("openvino")) >= {"av", "tensorflow", "keras", "openvino"}
    assert "ai-edge-litert" in runtimes.versions("litert")
    assert runtimes.versions("keras")["device"]
