"""Multinomial logistic regression on the mean of the frames' standardised features."""

from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import solved_logits
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
@with_inputs(standardize=True)
def linear(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    l2: float = 0.01,
    solver: str = "gradient",
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order.

    Raises:
        BadRequest: a solver that does not exist, or cannot do what else is asked for.
    """
    features, mask, x = head_inputs(timeline, inputs)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    logits = solved_logits(x, n_classes, l2, solver, inputs.gain, inputs.noise)
    return keras.Model([features, mask], logits, name="linear")
