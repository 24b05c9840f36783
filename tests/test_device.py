"""Precision: what `auto` means, and that a policy is put back."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli import device


@pytest.mark.parametrize(
    ("asked", "capability", "policy"),
    [
        ("auto", None, "float32"),
        ("auto", (6, 1), "float32"),
        ("auto", (7, 0), "mixed_float16"),
        ("auto", (9, 0), "mixed_float16"),
        ("float32", (9, 0), "float32"),
        ("mixed_bfloat16", None, "mixed_bfloat16"),
    ],
)
def test_policy(asked, capability, policy):
    assert device.policy_for(asked, capability) == policy


def test_the_policy_is_put_back_and_outlives_a_cleared_session():
    with device.precision("mixed_bfloat16"):
        device.clear_session()
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"


def test_facts_name_versions_and_device():
    facts = device.facts("float32")
    assert facts["versions"]["keras"] == keras.__version__
    assert facts["precision"] == "float32"
    assert facts["device"]


def test_the_private_switches_of_determinism_are_still_there():
    """TensorFlow has no public name for them; where this fails, find what `enable_op_determinism` sets now."""
    assert not device.deterministic()
    device.make_deterministic()
    try:
        assert device.deterministic(), "tensorflow.python.framework.config.is_op_determinism_enabled says otherwise"
    finally:
        device.allow_nondeterminism()
    assert not device.deterministic(), "tensorflow.python.framework.config.disable_op_determinism has no effect"


def test_a_traced_step_goes_with_its_model():
    """TensorFlow keeps the graphs of custom gradients for ever; where this fails, find in which registry it does."""

    def graph_of_a_step():
        inputs = keras.Input((4,))
        model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
        optimizer = keras.optimizers.Adam()
        optimizer.build(model.trainable_variables)

        def step(batch):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(batch, training=True))
            gradient = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
            optimizer.apply(gradient, model.trainable_variables)

        traced = tf.function(step, input_signature=[tf.TensorSpec((None, 4))], autograph=False)
        traced(np.zeros((2, 4), np.float32))
        return weakref.ref(traced.get_concrete_function().graph)

    with device.gradients_forgotten():
        graph = graph_of_a_step()
    device.clear_session()
    gc.collect()
    assert graph() is None
