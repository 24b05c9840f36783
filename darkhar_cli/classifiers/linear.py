"""Multinomial logistic regression on the mean of the frames' standardised features."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import solved_logits
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
def linear(
    timeline: Timeline,
    n_classes: int,
    l2: float = 0.01,
    solver: str = "gradient",
    channels: str | Sequence[str] = "all",
    centre: str | Sequence[str] = (),
    instance_norm: bool = False,
    standardize: bool = True,
    clip: float | None = None,
    gain: float = 0.0,
    noise: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order.

    Raises:
        BadRequest: a solver that does not exist, or cannot do what else is asked for.
    """
    features, mask, x = head_inputs(timeline, channels, centre, instance_norm, standardize, clip, gain, noise)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    logits = solved_logits(x, n_classes, l2, solver, gain, noise)
    return keras.Model([features, mask], logits, name="linear")
