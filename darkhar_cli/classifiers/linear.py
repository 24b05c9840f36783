"""Multinomial logistic regression on the mean of the frames' standardised features."""

from typing import Any

import keras
import numpy as np
from keras import layers

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@keras.saving.register_keras_serializable("darkhar")
class Standardize(layers.Layer):
    """Give each feature mean 0 and variance 1 over the training clips, (..., F) -> same, float32.

    `adapt` is called once before a fold's training, with that fold's training clips alone; until then nothing is
    changed. Unlike Keras's Normalization its statistics are weights, so one traced step serves all folds.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32"}))

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        width = (input_shape[-1],)
        self.mean = self.add_weight(shape=width, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=width, initializer="ones", trainable=False, name="scale")

    def adapt(self, values: np.ndarray) -> None:
        """Take the statistics of features (n, F); one that never changes is only centred."""
        spread = values.std(axis=0, dtype=np.float64)
        self.mean.assign(values.mean(axis=0, dtype=np.float64))
        self.scale.assign(1 / np.where(spread > 1e-9, spread, 1.0))

    def call(self, features: Any) -> Any:
        """Return the standardised features."""
        return (features - self.mean) * self.scale


@register("classifier")
def linear(timeline: Timeline, n_classes: int, l2: float = 0.01) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order."""
    features = keras.Input((None, timeline.features), name="features")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = Standardize(name="standardize")(features)
    x = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    regularizer = keras.regularizers.L2(l2)
    logits = layers.Dense(n_classes, kernel_regularizer=regularizer, dtype="float32", name="logits")(x)
    return keras.Model([features, mask], logits, name="linear")
