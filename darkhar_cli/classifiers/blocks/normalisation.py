"""Layers that normalise features over time; all compute in float32, whatever the precision policy.

Layers with a method `adapt` take statistics of the training clips alone, once before a fold's training; until then
they change nothing that matters. Those statistics are weights, so one traced step serves all folds.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

TRAINING_SHARE = 0.15  # of the training clips' deviation, in what a clip's channel is divided by
_STILL = 1e-9  # a deviation under this is rounding: the feature never changes


class Float32Layer(layers.Layer):
    """A layer that computes in float32 under any precision policy."""

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32"}))


def masked_sum(x: Any, mask: Any) -> Any:
    """Return the sum of x (B, T, C) over the steps of mask (B, T) bool, (B, 1, C); what padding holds is unseen."""
    return ops.sum(ops.where(mask[..., None], x, ops.zeros_like(x)), axis=1, keepdims=True)


def steps_of(mask: Any) -> Any:
    """Return how many steps of mask (B, T) are real, (B, 1, 1) float32, at least 1."""
    return ops.maximum(ops.sum(ops.cast(mask, "float32"), axis=1), 1.0)[:, None, None]


@keras.saving.register_keras_serializable("darkhar")
class SelectChannels(Float32Layer):
    """Keep some of the features, (B, T, F) -> (B, T, C).

    Args:
        index: where the kept ones stand, in the order they are wanted in.
    """

    def __init__(self, index: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        self.index = list(index)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "index": self.index}

    def call(self, features: Any) -> Any:
        """Return the kept features."""
        return ops.take(features, np.array(self.index, "int32"), axis=-1)


@keras.saving.register_keras_serializable("darkhar")
class Centre(Float32Layer):
    """Take each clip's mean over time off some of its channels, (B, T, F) -> same.

    Args:
        chosen: F flags, true for the channels whose mean is taken off.
    """

    def __init__(self, chosen: Sequence[bool], **kwargs: Any):
        super().__init__(**kwargs)
        self.chosen = [bool(one) for one in chosen]

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "chosen": self.chosen}

    def call(self, features: Any, mask: Any) -> Any:
        """Return the centred features of mask (B, T) bool."""
        mean = masked_sum(features, mask) / steps_of(mask)
        return features - mean * ops.convert_to_tensor(self.chosen, dtype="float32")


@keras.saving.register_keras_serializable("darkhar")
class InstanceNorm(Float32Layer):
    """Divide each clip's channel by (its deviation over time + .15 of the training clips'), (B, T, F) -> same.

    Means stay: where a channel is says something, how widely this one person moves it says less. The second term
    keeps a channel that hardly moves in a clip from being blown up.
    """

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        self.deviation = self.add_weight(
            shape=(input_shape[-1],), initializer="ones", trainable=False, name="deviation"
        )

    def adapt(self, values: np.ndarray) -> None:
        """Take the deviation of features (steps, F); one that never changes counts as 1."""
        spread = values.std(axis=0, dtype=np.float64)
        self.deviation.assign(np.where(spread > _STILL, spread, 1.0))

    def call(self, features: Any, mask: Any) -> Any:
        """Return the divided features of mask (B, T) bool."""
        steps = steps_of(mask)
        away = features - masked_sum(features, mask) / steps
        variance = masked_sum(ops.square(away), mask) / steps
        spread = ops.sqrt(ops.maximum(variance, 1e-12))  # the root of 0 has no gradient
        return features / (spread + TRAINING_SHARE * self.deviation)


@keras.saving.register_keras_serializable("darkhar")
class Standardize(Float32Layer):
    """Give each feature mean 0 and variance 1 over the training clips, (..., F) -> same, float32."""

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        width = (input_shape[-1],)
        self.mean = self.add_weight(shape=width, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=width, initializer="ones", trainable=False, name="scale")

    def adapt(self, values: np.ndarray) -> None:
        """Take the statistics of features (n, F); one that never changes is only centred."""
        spread = values.std(axis=0, dtype=np.float64)
        self.mean.assign(values.mean(axis=0, dtype=np.float64))
        self.scale.assign(1 / np.where(spread > _STILL, spread, 1.0))

    def call(self, features: Any) -> Any:
        """Return the standardised features."""
        return (features - self.mean) * self.scale


@keras.saving.register_keras_serializable("darkhar")
class Limit(Float32Layer):
    """Limit features to -limit..limit, any shape -> same, float32.

    Args:
        limit: the largest absolute value that passes unchanged.
    """

    def __init__(self, limit: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.limit = limit

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "limit": self.limit}

    def call(self, features: Any) -> Any:
        """Return the limited features."""
        return ops.clip(features, -self.limit, self.limit)


@keras.saving.register_keras_serializable("darkhar")
class ZeroPadding(layers.Layer):
    """Put zeros where a clip has no steps, (B, T, F) and mask (B, T) bool -> (B, T, F)."""

    def call(self, features: Any, mask: Any) -> Any:
        """Return the features with zeros in padded steps."""
        return ops.where(mask[..., None], features, ops.zeros_like(features))
