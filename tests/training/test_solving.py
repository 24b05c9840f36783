"""Solved logits are scikit-learn's on the same rows, and a minimum of the objective that training has."""

import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from darkhar_cli import registry
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.training import adapt, logistic_solver

FEATURES, CLASSES, L2 = 5, 4, 0.02


def some_clips(classes=CLASSES):
    """Two batches that differ in length, their classes (N,), and rows of means as NumPy takes them."""
    rng = np.random.default_rng(0)
    batches, labels, means = [], [], []
    for longest in (4, 7):
        mask = np.arange(longest) < rng.integers(1, longest + 1, 15)[:, None]
        features = rng.normal(3, 2, (15, longest, FEATURES)).astype(np.float32)
        drawn = rng.integers(0, classes, 15)
        features[np.arange(15), :, drawn] += 1.5
        features[~mask] = 0
        batches.append((features, mask))
        labels += drawn.tolist()
        means += [one[real].mean(axis=0) for one, real in zip(features.astype(np.float64), mask, strict=True)]
    steps = np.concatenate([features[mask] for features, mask in batches]).astype(np.float64)
    return batches, np.array(labels), (np.array(means) - steps.mean(axis=0)) / steps.std(axis=0)


def solved(labels=None, classes=CLASSES, **parameters):
    batches, drawn, _ = some_clips(classes)
    asked = {"l2": L2, "solver": "lbfgs"} | parameters
    model = registry.get("classifier", "linear")(Timeline(FEATURES), CLASSES, **asked)
    adapt.adapt(model, batches)
    return model, logistic_solver.solve(model, batches, drawn if labels is None else labels)


def logits_of(model):
    return np.concatenate([model.predict_on_batch(list(batch)) for batch in some_clips()[0]])


def test_it_is_scikit_learns():
    model, (loss, accuracy) = solved()
    _, labels, rows = some_clips()
    reference = LogisticRegression(C=1 / (2 * L2 * len(labels)), tol=1e-8, max_iter=10_000).fit(rows, labels)
    np.testing.assert_allclose(logistic_solver.solvable(model).kernel, reference.coef_.T, atol=1e-4)
    probabilities = reference.predict_proba(rows)
    assert loss == pytest.approx(-np.log(probabilities[np.arange(len(labels)), labels]).mean(), abs=1e-4)
    assert accuracy == (probabilities.argmax(axis=1) == labels).mean()


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0, 1.0], [0.4, 2.0, 1.0, 0.7]])
def test_weighted_classes_are_scikit_learns(weights):
    batches, labels, rows = some_clips()
    model, _ = solved()
    logistic_solver.solve(model, batches, labels, np.array(weights))
    asked = {"C": 1 / (2 * L2 * len(labels)), "class_weight": dict(enumerate(weights))}
    reference = LogisticRegression(tol=1e-8, max_iter=10_000, **asked).fit(rows, labels)
    np.testing.assert_allclose(logistic_solver.solvable(model).kernel, reference.coef_.T, atol=1e-4)


@pytest.mark.parametrize("present", [[0, 1, 2, 3], [1, 3]])
def test_its_objective_has_no_slope_there(present):
    batches, drawn, _ = some_clips()
    labels = np.array(present)[drawn % len(present)]
    model, (loss, _) = solved(labels)
    layer = logistic_solver.solvable(model)
    logits = keras.ops.convert_to_tensor(logits_of(model).astype(np.float64))
    assert loss == pytest.approx(
        float(np.mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))), abs=1e-5
    )
    rows = np.concatenate([adapt.inputs_of(model, layer)(*batch) for batch in batches])
    wrong = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True) - np.eye(CLASSES)[labels]
    slope = rows.T @ wrong / len(rows) + 2 * L2 * np.array(layer.kernel)
    np.testing.assert_allclose(slope, 0, atol=1e-5)
    np.testing.assert_allclose(wrong.mean(axis=0), 0, atol=1e-5)


def test_it_is_where_training_goes():
    model, _ = solved()
    batches, labels, _ = some_clips()
    other = registry.get("classifier", "linear")(Timeline(FEATURES), CLASSES, l2=L2)
    adapt.adapt(other, batches)
    features = np.concatenate([np.pad(f, ((0, 0), (0, 7 - f.shape[1]), (0, 0))) for f, _ in batches])
    mask = np.concatenate([np.pad(m, ((0, 0), (0, 7 - m.shape[1]))) for _, m in batches])
    other.compile(keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for _ in range(400):
        other.train_on_batch([features, mask], labels)
    np.testing.assert_allclose(other.get_layer("logits").kernel, logistic_solver.solvable(model).kernel, atol=0.01)


def test_a_class_without_clips_is_the_last_choice():
    _, drawn, _ = some_clips()
    model, (loss, _) = solved(np.where(drawn == 2, 1, drawn))
    logits = logits_of(model)
    assert np.isfinite(logits).all()
    assert np.isfinite(loss)
    np.testing.assert_array_equal(logistic_solver.solvable(model).kernel[:, 2], 0)
    assert (logits[:, 2] < logits[:, [0, 1, 3]].min(axis=1) - 10).all()


def test_one_class_alone_is_always_chosen():
    model, (loss, accuracy) = solved(np.full(30, 2))
    assert accuracy == 1
    assert loss < 1e-6
    assert (logits_of(model).argmax(axis=1) == 2).all()


def test_solved_again_it_forgets_the_last_fold():
    model, _ = solved()
    batches, drawn, _ = some_clips()
    first = np.array(logistic_solver.solvable(model).kernel)
    logistic_solver.solve(model, batches, (drawn + 1) % CLASSES)
    assert np.abs(np.array(logistic_solver.solvable(model).kernel) - first).max() > 0.1
    logistic_solver.solve(model, batches, drawn)
    np.testing.assert_array_equal(logistic_solver.solvable(model).kernel, first)


def test_statistics_are_solved_for_and_saved_as_solved(tmp_path):
    batches, labels, _ = some_clips()
    model = registry.get("classifier", "statistics")(Timeline(FEATURES), CLASSES)
    adapt.adapt(model, batches)
    loss, accuracy = logistic_solver.solve(model, batches, labels)
    assert accuracy > 0.8
    assert loss < 0.7
    model.save(tmp_path / "head.keras")
    again = keras.saving.load_model(tmp_path / "head.keras", safe_mode=True)
    np.testing.assert_array_equal(logits_of(again), logits_of(model))
    assert logistic_solver.solvable(again).l2 == logistic_solver.solvable(model).l2


def test_what_is_trained_by_gradient_is_not_solved_for():
    for name in ("linear", "lstm"):
        model = registry.get("classifier", name)(Timeline(FEATURES), CLASSES)
        assert logistic_solver.solvable(model) is None
        with pytest.raises(ValueError, match="no layer to solve for"):
            logistic_solver.solve(model, some_clips()[0], some_clips()[1])


def test_values_that_are_not_finite_are_named():
    model, _ = solved()
    batches, labels, _ = some_clips()
    batches[0][0][0] = np.nan
    with pytest.raises(FailedWork, match="'linear': a training clip's values are not finite"):
        logistic_solver.solve(model, batches, labels)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "lbgfs"}, r"classifier\.solver='lbgfs': allowed is gradient \| lbfgs"),
        ({"l2": 0.0}, r"classifier\.l2=0 with classifier\.solver=lbfgs: give l2 > 0"),
        ({"noise": 0.1}, r"classifier\.noise=0\.1: they draw anew"),
    ],
)
@pytest.mark.parametrize("name", ["linear", "statistics"])
def test_what_cannot_be_solved_is_refused(name, parameters, message):
    with pytest.raises(BadRequest, match=message):
        registry.get("classifier", name)(Timeline(FEATURES), CLASSES, **{"solver": "lbfgs"} | parameters)
