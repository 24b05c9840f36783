"""Classifiers: the contract over the whole registry, with and without options."""

from inspect import signature

import keras
import numpy as np
import pytest

from darkhar_cli import registry
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.training import adapt

CLASSIFIERS = sorted(registry.parts("classifier"))
FEATURES, CLASSES = 10, 4
NAMED = Timeline(
    FEATURES, ("lk_u", "lk_v", "lk_length", "lk_length_p90", "lk_divergence", *(f"k{i}" for i in range(5))), 30.0
)
INPUTS = {"channels": ["k3", "lk_v", "k0"], "instance_norm": True, "standardize": True, "clip": 3.0}
DISTURBED = {"gain": 0.2, "noise": 0.1}
EVERYTHING = {
    "lstm": {"embed": 6, "dropout": 0.1},
    "statistics": {
        **dict.fromkeys(("spectra", "change", "net", "means"), "all"),
        "correlations": ["lk_u:lk_v", "|k0:k1|"],
        "flow_amounts": True,
        "channels": "all",
    },
}
SMALL = {"units": 8, "dense": [8], "hidden": 8, "filters": 8, "width": 8, "heads": 2}
PLAIN, ASKED = [(name, False) for name in CLASSIFIERS], [(name, True) for name in CLASSIFIERS]


def build(name, everything=False, small=False, **parameters):
    keras.utils.set_random_seed(1)
    part = registry.get("classifier", name)
    sizes = {key: value for key, value in SMALL.items() if small and key in signature(part).parameters}
    options = {**INPUTS, **EVERYTHING.get(name, {})} if everything else {}
    return part(NAMED, CLASSES, **sizes | options | parameters)


def scored(model, features, mask):
    return keras.ops.convert_to_numpy(model([features, mask], training=False))


def batch(n=3, steps=9):
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, steps, FEATURES)).astype(np.float32), np.ones((n, steps), bool)


@pytest.mark.parametrize(("name", "everything"), PLAIN + ASKED)
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_logits_are_float32_under_any_precision(name, everything, policy):
    keras.config.set_dtype_policy(policy)
    try:
        logits = build(name, everything)(list(batch()))
    finally:
        keras.config.set_dtype_policy("float32")
    assert logits.shape == (3, CLASSES)
    assert logits.dtype == "float32"
    assert np.isfinite(keras.ops.convert_to_numpy(logits)).all()


@pytest.mark.parametrize(("name", "everything"), PLAIN + ASKED)
def test_padding_and_other_clips_change_nothing(name, everything):
    model = build(name, everything, small=True)
    features, mask = batch(4)
    mask = np.arange(9) < np.array([[9], [4], [2], [1]])
    together = scored(model, np.where(mask[..., None], features, 9).astype(np.float32), mask)
    for i, n in enumerate((9, 4, 2, 1)):
        alone = scored(model, features[i : i + 1, :n], mask[i : i + 1, :n])
        np.testing.assert_allclose(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)
    assert np.ptp(together, axis=0).max() > 1e-4  # clips differ, so there was something to change


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_saved_and_loaded_it_predicts_the_same(name, tmp_path):
    solver = {"solver": "gradient"} if "solver" in signature(registry.get("classifier", name)).parameters else {}
    model = build(name, True, True, **DISTURBED, **solver)
    features, mask = batch(8)
    first = scored(model, features, mask)
    adapt.adapt(model, [(features * 3 + 1, mask)])
    model.save(tmp_path / "head.keras")
    again = scored(keras.saving.load_model(tmp_path / "head.keras", safe_mode=True), features, mask)
    np.testing.assert_array_equal(again, scored(model, features, mask))
    assert np.abs(again - first).max() > 1e-4  # what it adapted to was saved with it


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_xla_predicts_the_same(name):
    model, (features, _) = build(name, True, True), batch()
    mask = np.arange(9) < np.array([[9], [4], [1]])
    expected = scored(model, features, mask)
    model.compile(jit_compile=True)
    np.testing.assert_allclose(model.predict_on_batch([features, mask]), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_it_learns(name):
    features, mask = batch(n=16)
    labels = np.arange(16) % CLASSES
    features[np.arange(16), :, labels] += 3
    model = build(name, small=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss)
    for _ in range(40):
        model.train_on_batch([features, mask], labels)
    assert (scored(model, features, mask).argmax(axis=1) == labels).mean() > 0.9


def test_some_are_blind_to_order():
    features, mask = batch()
    blind = {"mean_pool", "linear", "attention"}
    for name in CLASSIFIERS:
        model = build(name)
        forward, backward = scored(model, features, mask), scored(model, features[:, ::-1], mask)
        assert np.allclose(forward, backward, atol=1e-6) == (name in blind), name


def test_the_papers_lstm_has_its_layers():
    shapes = [tuple(weight.shape) for weight in build("lstm").trainable_weights]
    assert shapes == [(FEATURES, 256), (64, 256), (256,), (64, 32), (32,), (32, CLASSES), (CLASSES,)]
    deeper = build("lstm", dense=[16, 8], dropout=0.5)
    assert [layer.units for layer in deeper.layers if isinstance(layer, keras.layers.Dense)] == [16, 8, CLASSES]
    embedded = [tuple(weight.shape) for weight in build("lstm", embed=5).trainable_weights]
    assert embedded[:3] == [(FEATURES, 5), (5,), (5, 256)]


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
