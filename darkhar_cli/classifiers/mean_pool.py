"""Mean of the frames' features and one linear layer."""

from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
def mean_pool(timeline: Timeline, n_classes: int, dropout: float = 0.0) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order."""
    features = keras.Input((None, timeline.features), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = layers.GlobalAveragePooling1D(dtype="float32")(features, mask=mask)
    x = layers.Dropout(dropout)(x) if dropout else x
    logits = layers.Dense(n_classes, dtype="float32", name="logits")(x)
    return keras.Model([features, mask], logits, name="mean_pool")
