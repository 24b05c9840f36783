"""Mean of the frames' features and one linear layer."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import logits
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
def mean_pool(
    timeline: Timeline,
    n_classes: int,
    dropout: float = 0.0,
    channels: str | Sequence[str] = "all",
    centre: str | Sequence[str] = (),
    instance_norm: bool = False,
    standardize: bool = False,
    clip: float | None = None,
    gain: float = 0.0,
    noise: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order."""
    features, mask, x = head_inputs(timeline, channels, centre, instance_norm, standardize, clip, gain, noise)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model([features, mask], logits(x, n_classes), name="mean_pool")
