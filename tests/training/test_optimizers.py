"""Every optimizer does what `train` says and nothing that Keras fills in."""

import keras
import numpy as np
import pytest

from darkhar_cli import device
from darkhar_cli.config import schema
from darkhar_cli.config.settings import TrainSettings
from darkhar_cli.training.optimizers import RULES, make_optimizer

ALLOWED = schema.options("train")["default"].parameters["optimizer"].types


def made(rule, rate=0.1, decay=0.0):
    return make_optimizer(TrainSettings(optimizer=rule, learning_rate=rate, weight_decay=decay))


def stepped(optimizer, gradients, start=(2.0, -3.0)):
    weights = keras.Variable(np.array(start, np.float32))
    optimizer.build([weights])
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(np.array(gradient, np.float32))], [weights])
    return np.array(weights)


def by_hand(rule, gradients, rate, weights=(2.0, -3.0)):
    """The update rules as their papers give them, with Keras's placement of epsilon."""
    w, first, second = np.array(weights), np.zeros(2), np.zeros(2)
    for t, g in enumerate(np.array(gradients, float), 1):
        if rule == "sgd":
            w = w - rate * g
        elif rule == "rmsprop":
            second = 0.9 * second + 0.1 * g**2
            w = w - rate * g / np.sqrt(second + 1e-7)
        else:
            first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
            w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * first / (np.sqrt(second) + 1e-7)
    return w


def test_what_may_be_typed_is_what_there_is():
    assert sorted(RULES) == sorted(ALLOWED)


@pytest.mark.parametrize("rule", ALLOWED)
def test_no_decay_is_no_decay(rule):
    np.testing.assert_array_equal(stepped(made(rule), [[0, 0]] * 5), [2, -3])


@pytest.mark.parametrize("rule", ALLOWED)
def test_decay_is_decoupled_and_of_the_size_given(rule):
    np.testing.assert_allclose(stepped(made(rule, 0.1, 0.5), [[0, 0]] * 3), np.array([2, -3]) * 0.95**3, rtol=1e-6)


@pytest.mark.parametrize("rule", ALLOWED)
def test_steps_are_those_of_the_rule(rule):
    gradients = [[0.5, -40.0], [0.1, 3.0], [-0.2, 0.0]]  # the large one: nothing is clipped
    np.testing.assert_allclose(stepped(made(rule, 0.01), gradients), by_hand(rule, gradients, 0.01), rtol=1e-5)


@pytest.mark.parametrize("rule", ALLOWED)
def test_nothing_is_left_to_kerass_defaults(rule):
    build, values = RULES[rule]
    given = {*values, "name", "learning_rate", "weight_decay"}
    given |= {"clipnorm", "global_clipnorm", "clipvalue", "use_ema", "ema_momentum", "ema_overwrite_frequency"}
    given |= {"loss_scale_factor", "gradient_accumulation_steps"}
    assert set(build().get_config()) == given, "Keras knows a setting that is not written out"
    assert not made(rule).get_config()["weight_decay"]


def test_float16_scales_the_loss_and_the_others_do_not():
    with device.precision("mixed_float16"):
        scaled = made("adamw")
    assert scaled.get_config()["initial_scale"] == 2**15
    assert scaled.inner_optimizer.get_config()["weight_decay"] == 0
    with device.precision("mixed_bfloat16"):
        assert not isinstance(made("adamw"), keras.optimizers.LossScaleOptimizer)
