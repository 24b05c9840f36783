"""Precision: what `auto` means, and that a policy is put back."""

import keras
import pytest

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
