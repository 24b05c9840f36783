"""Late fusion: each branch learns as if alone, and what is said together is the mean of the log-probabilities."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.models.action_model import build_classifier
from darkhar_cli.models.fusion import MeanLogProbability, branches, fuse, mean_log_probability
from darkhar_cli.training import compiled_model
from darkhar_cli.training.compiled_model import CompiledModel, compile_model, compiled_heads
from tests.helpers.trainers import TRAIN

LSTM = ("lstm", {"units": 6, "dense": [5]})
TCN = ("tcn", {"filters": 6, "spatial_dropout": 0.0, "dropout": 0.0})


@pytest.fixture(autouse=True)
def no_traced_heads():
    compiled_model._heads.clear()


def seen(features, n=10, frames=4, seed=0):
    rng = np.random.default_rng([seed, features])
    mask = np.arange(frames) < rng.integers(2, frames + 1, n)[:, None]
    return [(rng.normal(size=(n, frames, features)) * mask[..., None]).astype(np.float32), mask]


LABELS = np.random.default_rng(5).integers(0, 3, 10)


def head(part, features, seed):
    keras.utils.set_random_seed(seed)
    return build_classifier(part, Timeline(features), 3)


def test_the_mean_of_log_probabilities_is_scipys():
    rng = np.random.default_rng(0)
    views = rng.normal(scale=20, size=(3, 5, 4)).astype(np.float32)
    expected = log_softmax(views.astype(np.float64), axis=-1).mean(axis=0)
    np.testing.assert_allclose(MeanLogProbability()(list(views)), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mean_log_probability(list(views)), expected, rtol=1e-6)
    assert mean_log_probability(list(views)).dtype == np.float32
    alone = views[0]
    assert mean_log_probability([alone]) is alone, "one view keeps its logits"


def test_the_mean_is_float32_whatever_the_policy():
    from darkhar_cli import device

    with device.precision("mixed_float16"):
        made = MeanLogProbability()([np.full((1, 2), 9.0, np.float16), np.zeros((1, 2), np.float16)])
    assert made.dtype == "float32"


def test_one_model_stays_itself():
    alone = head(LSTM, 7, 1)
    assert fuse([alone]) is alone
    assert branches(alone) == [alone]


@pytest.mark.parametrize("decay", [0.0, 0.01])
@pytest.mark.parametrize("rule", ["adam", "adamw"])
def test_each_branch_learns_as_if_alone(rule, decay):
    train = replace(TRAIN, optimizer=rule, weight_decay=decay)
    alone, inputs = [], [seen(7), seen(5)]
    for i, (part, features) in enumerate([(LSTM, 7), (TCN, 5)]):
        one = compiled_heads(f"alone {i}", lambda p=part, f=features, s=i: head(p, f, s), train)
        one.renew()
        for _ in range(4):
            one.train([(inputs[i], LABELS)], 4)
        alone.append(one)
    both = compiled_heads("both", lambda: fuse([head(LSTM, 7, 0), head(TCN, 5, 1)]), train)
    both.renew()
    start = [weights.copy() for branch in both.heads() for weights in branch.get_weights()]
    for _ in range(4):
        both.train([([*inputs[0], *inputs[1]], LABELS)], 4)
    after = [weights for branch in both.heads() for weights in branch.get_weights()]
    expected = [weights for one in alone for weights in one.model.get_weights()]
    assert len(after) == len(expected)
    moved = 0
    for first, got, wanted in zip(start, after, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
        moved += not np.array_equal(first, got)
    assert moved == len(after)
    fused = mean_log_probability([one.logits(given) for one, given in zip(alone, inputs, strict=True)])
    np.testing.assert_allclose(both.logits([*inputs[0], *inputs[1]]), fused, rtol=1e-4, atol=1e-5)


def test_the_loss_told_is_the_branches_mean_and_the_accuracy_the_fusions():
    train = replace(TRAIN, learning_rate=1e-12)
    both = compiled_heads("both", lambda: fuse([head(LSTM, 7, 0), head(LSTM, 5, 1)]), train)
    both.renew()
    inputs = [*seen(7), *seen(5)]
    told = both.train([(inputs, LABELS)], 4)
    each = [branch(inputs[2 * i : 2 * i + 2], training=False).numpy() for i, branch in enumerate(both.heads())]
    losses = [-log_softmax(one, axis=1)[np.arange(10), LABELS].mean() for one in each]
    assert told["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    assert told["accuracy"] == pytest.approx((both.logits(inputs).argmax(axis=1) == LABELS).mean())


def test_a_compiled_keras_model_of_two_branches_learns_likewise():
    fused = compiled_heads("both", lambda: fuse([head(LSTM, 7, 0), head(TCN, 5, 1)]), TRAIN)
    fused.renew()
    ours = [head(LSTM, 7, 0), head(TCN, 5, 1)]
    made = [[keras.Input(i.shape[1:], dtype=i.dtype) for i in one.inputs] for one in ours]
    several = keras.Model([*made[0], *made[1]], [one(own) for one, own in zip(ours, made, strict=True)])
    compile_model(several, TRAIN, 2)
    other = CompiledModel(several, several, branches=2)
    inputs = [*seen(7), *seen(5)]
    for _ in range(3):
        got, expected = fused.train([(inputs, LABELS)], 4), other.train([(inputs, LABELS)], 4)
        assert got["loss"] == pytest.approx(expected["loss"], rel=1e-2), "penalties are told once, losses by branch"
    np.testing.assert_allclose(fused.logits(inputs), other.logits(inputs), rtol=1e-3, atol=1e-3)


def test_a_fused_model_is_saved_and_loaded(tmp_path):
    both = compiled_heads("both", lambda: fuse([head(LSTM, 7, 0), head(TCN, 5, 1)]), TRAIN)
    both.renew()
    inputs = [*seen(7), *seen(5)]
    both.train([(inputs, LABELS)], 4)
    both.whole.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(loaded.predict_on_batch(inputs), both.logits(inputs), rtol=1e-5, atol=1e-6)
    assert len(branches(loaded)) == 2
    fresh = compiled_heads("both", lambda: fuse([head(LSTM, 7, 8), head(TCN, 5, 9)]), TRAIN)
    fresh.renew()
    fresh.whole.load_weights(str(tmp_path / "model.keras"))
    assert fresh.weights_hash() == compiled_model.weights_hash(loaded)


def test_equal_branches_keep_their_order_and_their_own_weights():
    many = fuse([head(LSTM, 3 + i, i) for i in range(11)])  # branch_10 comes after branch_9
    assert [one.inputs[0].shape[-1] for one in branches(many)] == list(range(3, 14))
