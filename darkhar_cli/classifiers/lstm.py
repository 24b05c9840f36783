"""LSTM over the frames: the paper's classifier."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
def lstm(
    timeline: Timeline, n_classes: int, units: int = 64, dense: Sequence[int] = (32,), dropout: float = 0.0
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    The paper's: LSTM of 64 units, a dense layer of 32 with ReLU, logits. Masked frames are passed over.
    """
    features = keras.Input((None, timeline.features), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = layers.LSTM(units)(features, mask=mask)
    for width in dense:
        x = layers.Dropout(dropout)(x) if dropout else x
        x = layers.Dense(width, activation="relu")(x)
    logits = layers.Dense(n_classes, dtype="float32", name="logits")(x)
    return keras.Model([features, mask], logits, name="lstm")
