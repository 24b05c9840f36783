"""The compiled loop trains as Keras does; one traced step serves folds and seeds, and starts them truly fresh."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from darkhar_cli import device, registry
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.models.action_model import build_classifier
from darkhar_cli.training import compiled_model
from darkhar_cli.training.compiled_model import CompiledModel, compile_model, compiled_heads
from tests.helpers.trainers import TRAIN

CLASSIFIERS = sorted(registry.parts("classifier"))
RECURRENT = {"units": 6, "dense": [5], "dropout": 0.3}
SMALL = {
    **dict.fromkeys(("lstm", "gru", "bilstm"), RECURRENT),
    "mean_pool": {"dropout": 0.3},
    "attention": {"hidden": 4, "dropout": 0.3},
    "tcn": {"filters": 6, "spatial_dropout": 0.0, "dropout": 0.3},
    "transformer": {"heads": 2, "width": 8, "dropout": 0.3},
}


@pytest.fixture(autouse=True)
def no_traced_heads():
    compiled_model._heads.clear()


def builder(name="lstm", **parameters):
    return lambda: build_classifier((name, SMALL.get(name, {}) | parameters), Timeline(7), 3)


def some_clips(n=10, frames=4, seed=0):
    rng = np.random.default_rng(seed)
    mask = np.arange(frames) < rng.integers(2, frames + 1, n)[:, None]
    return [rng.normal(size=(n, frames, 7)).astype(np.float32), mask], rng.integers(0, 3, n)


def made(seed, build=None, **train):
    keras.utils.set_random_seed(seed)
    found = compiled_heads("shape", build or builder(), replace(TRAIN, **train))
    found.renew()
    return found


class ByKeras:
    """Keras's own training loop on the same model, optimizer and loss."""

    def __init__(self, model):
        self.model = model

    def train(self, batches, size, class_weights=None):
        sums = np.zeros(2)
        for inputs, labels in batches:
            for start in range(0, len(labels), size):
                part = slice(start, start + size)
                weights = None if class_weights is None else class_weights[labels[part]]
                self.model.reset_metrics()
                given = [one[part] for one in inputs]
                logs = self.model.train_on_batch(given, labels[part], sample_weight=weights, return_dict=True)
                sums += np.array([logs["loss"], logs["accuracy"]], float) * len(labels[part])
        return dict(zip(("loss", "accuracy"), sums / len(labels), strict=True))

    def logits(self, inputs):
        return self.model.predict_on_batch(list(inputs))


def by_keras(seed, build, **train):
    keras.utils.set_random_seed(seed)
    model = build()
    compile_model(model, replace(TRAIN, **train))
    model.run_eagerly = True  # nothing is traced that a few steps would not pay for
    return ByKeras(model)


def whole(seed, build, **train):
    keras.utils.set_random_seed(seed)
    model = build()
    compile_model(model, replace(TRAIN, **train))
    return CompiledModel(model, model)


def trained(one, epochs=3, size=4, **more):
    return [one.train([some_clips()], size, **more) for _ in range(epochs)]


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [*((name, "adam") for name in CLASSIFIERS), *(("lstm", rule) for rule in ("sgd", "adamw", "rmsprop"))],
)
def test_the_compiled_loop_trains_as_keras_does(name, optimizer):
    build = builder(name, dropout=0.0) if name in SMALL else builder(name)
    other = by_keras(1, build, optimizer=optimizer)
    told, (inputs, _) = trained(other), some_clips()
    for one in (made(1, build, optimizer=optimizer), whole(1, build, optimizer=optimizer)):
        for got, expected in zip(trained(one), told, strict=True):
            assert got["loss"] == pytest.approx(expected["loss"], rel=1e-4)
            assert got["accuracy"] == pytest.approx(expected["accuracy"])
        np.testing.assert_allclose(one.logits(inputs), other.logits(inputs), rtol=1e-3, atol=1e-4)


def test_classes_are_weighted_as_keras_weights_samples():
    build, weights = builder(dropout=0.0), np.array([0.5, 1.5, 3.0])
    other = by_keras(1, build)
    told, (inputs, _) = trained(other, class_weights=weights), some_clips()
    for one in (made(1, build), whole(1, build)):
        for got, expected in zip(trained(one, class_weights=weights), told, strict=True):
            assert got["loss"] == pytest.approx(expected["loss"], rel=1e-4)
        np.testing.assert_allclose(one.logits(inputs), other.logits(inputs), rtol=1e-3, atol=1e-4)
        assert not np.allclose(one.logits(inputs), trained_logits(build, inputs), atol=1e-4)


def trained_logits(build, inputs):
    plain = made(1, build)
    trained(plain)
    return plain.logits(inputs)


def test_weights_of_one_change_no_bit():
    found = []
    for weights in (None, np.ones(3)):
        one = made(1)
        found.append((trained(one, class_weights=weights), one.weights_hash()))
    assert found[0] == found[1]


def deep():
    """A convolution on frames, as end-to-end models have: its sums are split by shape."""
    frames, mask = keras.Input((None, 12, 16, 3)), keras.Input((None,), dtype="bool")
    x = keras.layers.Conv2D(4, 3, activation="relu")(frames[:, 0]) * keras.ops.cast(mask[:, :1, None, None], "float32")
    return keras.Model([frames, mask], keras.layers.Dense(3)(keras.layers.Flatten()(x)))


def test_what_was_trained_before_in_this_process_changes_no_bit():
    rng = np.random.default_rng(1)
    frames, mask = rng.normal(size=(11, 2, 12, 16, 3)).astype(np.float32), np.ones((11, 2), bool)
    labels = rng.integers(0, 3, 11)
    found = []
    for before in ((), (11, 4), (1,), (3, 8)):
        one = whole(2, deep)
        for size in before:  # other folds: other shapes
            one.train([([frames[:size], mask[:size]], labels[:size])], size)
            one.logits([frames[:size], mask[:size]])
        one.renew()
        told = [one.train([([frames, mask], labels)], 4) for _ in range(3)]
        found.append((told, one.weights_hash(), one.logits([frames, mask]).tobytes()))
        assert one._step.experimental_get_tracing_count() == 1
        assert one._score.experimental_get_tracing_count() == 1
    assert found.count(found[0]) == len(found)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_the_compiled_loop_scales_the_loss_as_mixed_precision_wants(policy):
    with device.precision(policy):
        build = builder(dropout=0.0)
        one, other = made(1, build), by_keras(1, build)
        first, second = trained(one, 4), trained(other, 4)
    assert one.logits(some_clips()[0]).dtype == np.float32
    for got, expected in zip(first, second, strict=True):
        assert got["loss"] == pytest.approx(expected["loss"], rel=0.02)
    assert first[-1]["loss"] < first[0]["loss"]


def test_folds_and_seeds_share_one_traced_step_and_start_fresh():
    inputs, _ = some_clips()
    alone = {}
    for seed in (1, 2):
        compiled_model._heads.clear()
        one = made(seed)
        start = one.weights_hash()
        alone[seed] = (start, trained(one), one.logits(inputs))
    compiled_model._heads.clear()
    shared = None
    for seed in (1, 2, 1):
        one = made(seed)
        shared = shared or one
        assert one.model is shared.model
        for _ in range(2):  # two folds: nothing of the first is left for the second
            one.renew()
            assert one.weights_hash() == alone[seed][0]
            assert trained(one) == alone[seed][1]
            np.testing.assert_array_equal(one.logits(inputs), alone[seed][2])
    assert alone[1][0] != alone[2][0]
    assert shared._traced.steps.experimental_get_tracing_count() == 1
    assert shared._traced.score.experimental_get_tracing_count() == 1


def test_clips_frames_and_batch_sizes_are_not_traced_anew():
    one = made(0)
    for n, frames, size in ((10, 4, 4), (3, 9, 2), (1, 2, 5)):
        one.train([some_clips(n, frames)], size)
        one.logits(some_clips(n, frames)[0])
    assert one._traced.steps.experimental_get_tracing_count() == 1


def test_two_learners_of_one_shape_keep_their_own_first_weights():
    first, second = made(1), made(2)
    hashes = []
    for one in (first, second, first):
        one.renew()
        hashes.append(one.weights_hash())
        trained(one)
    assert hashes[0] == hashes[2] != hashes[1]


def test_another_rate_optimizer_or_policy_is_another_step():
    models = [made(0).model, made(0, learning_rate=0.5).model, made(0, optimizer="sgd").model]
    with device.precision("mixed_bfloat16"):
        models.append(made(0).model)
    assert len({id(model) for model in models}) == 4


def test_heads_do_not_pile_up():
    for rate in range(1, 14):
        made(0, builder("mean_pool"), learning_rate=rate / 100)
    assert len(compiled_model._heads) == compiled_model._MOST_HEADS
