"""A compact convolutional network, trained from scratch."""

import math
from pathlib import Path
from typing import Any

import keras
from keras import layers, ops

from darkhar_cli.extractors.applications import load_weights
from darkhar_cli.extractors.contract import Extractor, frame_size
from darkhar_cli.registry import register


@keras.saving.register_keras_serializable("darkhar")
class StandardizeFrames(layers.Layer):
    """Give each frame and channel mean 0 and variance 1, (N, h, w, 3) -> same: darkness is no longer seen.

    Computed in float32 whatever the precision policy; a constant frame becomes zeros.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32"}))

    def call(self, frames: Any) -> Any:
        """Return the standardised frames."""
        mean, variance = ops.moments(frames, axes=(1, 2), keepdims=True)
        return (frames - mean) * ops.rsqrt(variance + 1.0)


@register("extractor")
def conv_small(
    size: Any = (60, 80), input: str = "rgb", filters: int = 16, features: int = 64, weights: str = "none"
) -> Extractor:
    """Four strided convolutions with group normalisation, then a dense layer that keeps where things are.

    Differences are of standardised frames, so that neither darkness nor a change of exposure is a motion; a clip's
    first frame has none.
    """
    shape = frame_size(size)
    assert shape is not None, "the yaml's types do not allow size=native"
    height, width = shape

    def build(path: str | None) -> Any:
        frames = keras.Input((height, width, 3 if input == "rgb" else 6))
        x = StandardizeFrames()(frames)
        if input != "rgb":
            now, before = x[..., :3], x[..., 3:]
            x = now - before if input == "difference" else ops.concatenate([now, now - before], axis=-1)
        for factor, kernel in ((1, 5), (2, 3), (3, 3), (4, 3)):
            x = layers.Conv2D(factor * filters, kernel, strides=2, padding="same", use_bias=False)(x)
            x = layers.GroupNormalization(groups=math.gcd(factor * filters, max(1, filters // 4)))(x)
            x = layers.Activation("relu")(x)
        x = layers.Dense(features, activation="relu")(layers.Flatten()(x))
        network = keras.Model(frames, x, name="conv_small")
        if path:
            network.load_weights(path)
        return network

    network = build(None) if weights == "none" else load_weights("conv_small", build, Path(weights))
    scope = "frame" if input == "rgb" else "pair"
    return Extractor("conv_small", features, (height, width), model=network, scope=scope)
