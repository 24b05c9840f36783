"""Mean of the frames' features and one linear layer."""

from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import logits
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
@with_inputs()
def mean_pool(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    dropout: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order."""
    features, mask, x = head_inputs(timeline, inputs)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model([features, mask], logits(x, n_classes), name="mean_pool")
