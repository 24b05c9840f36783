"""Random changes of features over time, in training alone; float32 under any precision policy."""

from typing import Any

import keras
from keras import ops

from darkhar_cli.classifiers.blocks.normalisation import Float32Layer


class _Disturbance(Float32Layer):
    """Draws anew at every step of training.

    Args:
        deviation: of the normal distribution that is drawn from.
    """

    def __init__(self, deviation: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.deviation = deviation
        self._seeds = keras.random.SeedGenerator()

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "deviation": self.deviation}

    def _draw(self, shape: Any) -> Any:
        return keras.random.normal(shape, stddev=self.deviation, dtype="float32", seed=self._seeds)


@keras.saving.register_keras_serializable("darkhar")
class ChannelGain(_Disturbance):
    """Multiply each channel of each clip by exp(N(0, deviation)), (B, T, F) -> same."""

    def call(self, features: Any, training: bool = False) -> Any:
        """Return the features, multiplied in training."""
        if not training:
            return features
        n, _, width = ops.shape(features)
        return features * ops.exp(self._draw((n, 1, width)))


@keras.saving.register_keras_serializable("darkhar")
class StepNoise(_Disturbance):
    """Add N(0, deviation) to each channel of each step, (B, T, F) -> same."""

    def call(self, features: Any, training: bool = False) -> Any:
        """Return the features, with noise in training."""
        return features + self._draw(ops.shape(features)) if training else features
