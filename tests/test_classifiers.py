"""Classifiers: the contract over the whole registry."""

import keras
import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.classifiers.contract import Timeline

CLASSIFIERS = sorted(registry.parts("classifier"))
FEATURES, CLASSES = 10, 4


def build(name, **parameters):
    keras.utils.set_random_seed(1)
    return registry.get("classifier", name)(Timeline(FEATURES), CLASSES, **parameters)


def batch(n=3, steps=6):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, steps, FEATURES)).astype(np.float32), np.ones((n, steps), bool)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_logits_are_float32_under_any_precision(name, policy):
    keras.config.set_dtype_policy(policy)
    try:
        logits = build(name)(list(batch()))
    finally:
        keras.config.set_dtype_policy("float32")
    assert logits.shape == (3, CLASSES)
    assert logits.dtype == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(logits)).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_padding_changes_nothing(name):
    model = build(name)
    features, mask = batch()
    padded = np.concatenate([features, np.full((3, 5, FEATURES), 9.0, np.float32)], axis=1)
    longer = np.concatenate([mask, np.zeros((3, 5), bool)], axis=1)
    expected = model.predict_on_batch([features, mask])
    np.testing.assert_allclose(model.predict_on_batch([padded, longer]), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_saved_and_loaded_it_predicts_the_same(name, tmp_path):
    model = build(name)
    model.save(tmp_path / "head.keras")
    again = keras.saving.load_model(tmp_path / "head.keras", safe_mode=True)
    inputs = list(batch())
    np.testing.assert_array_equal(again.predict_on_batch(inputs), model.predict_on_batch(inputs))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_learns(name):
    features, mask = batch(n=16)
    labels = np.arange(16) % CLASSES
    features[np.arange(16), :, labels] += 3
    model = build(name, **({"dropout": 0.1} if name != "linear" else {}))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    for _ in range(40):
        logs = model.train_on_batch([features, mask], labels, return_dict=True)
        model.reset_metrics()
    assert logs["accuracy"] > 0.9


def test_order_matters_to_the_lstm_alone():
    features, mask = batch()
    for name, same in (("mean_pool", True), ("linear", True), ("lstm", False)):
        model = build(name)
        forward = model.predict_on_batch([features, mask])
        backward = model.predict_on_batch([features[:, ::-1], mask])
        assert np.allclose(forward, backward, atol=1e-6) == same


def test_the_papers_lstm_has_its_layers():
    shapes = [tuple(weight.shape) for weight in build("lstm").trainable_weights]
    assert shapes == [(FEATURES, 256), (64, 256), (256,), (64, 32), (32,), (32, CLASSES), (CLASSES,)]
    deeper = build("lstm", dense=[16, 8], dropout=0.5)
    assert [layer.units for layer in deeper.layers if isinstance(layer, keras.layers.Dense)] == [16, 8, CLASSES]


def test_linear_is_logistic_regression_on_standardised_features():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    features = rng.normal(5, [1, 10, 0.1, *[2] * 7], (60, FEATURES)).astype(np.float32)
    labels = rng.integers(0, CLASSES, 60)
    features[:, 1] += 20 * labels
    model = build("linear", l2=0.01)
    model.get_layer("standardize").adapt(features)
    inputs = [features[:, None], np.ones((60, 1), bool)]
    model.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for _ in range(600):
        model.train_on_batch(inputs, labels)
    scaled = StandardScaler().fit_transform(features)
    reference = LogisticRegression(C=1 / (2 * 0.01 * 60), max_iter=5000).fit(scaled, labels)
    got = keras.ops.convert_to_numpy(keras.ops.softmax(model.predict_on_batch(inputs)))
    np.testing.assert_allclose(got, reference.predict_proba(scaled), atol=0.02)


def test_a_feature_that_never_changes_does_no_harm():
    model = build("linear")
    model.get_layer("standardize").adapt(np.full((5, FEATURES), 3.0, np.float32))
    features = np.full((2, 3, FEATURES), 3.0, np.float32)
    assert np.isfinite(model.predict_on_batch([features, np.ones((2, 3), bool)])).all()
