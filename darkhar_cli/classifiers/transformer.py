"""Transformer encoder over the frames, read out at a class token (Vaswani et al., 2017; Devlin et al., 2019).

Normalisation comes before each sub-layer (Xiong et al., arXiv 2002.04745), which trains without a warm-up.
"""

import math
from typing import Any

import keras
from keras import layers, ops

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import logits
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest
from darkhar_cli.registry import register

_LONGEST_WAVE = 10_000.0  # in steps / 2 pi: Vaswani et al., section 3.5


@keras.saving.register_keras_serializable("darkhar")
class ClassToken(layers.Layer):
    """Add sinusoidal positions to steps and put a learned token before them, (B, T, W) -> (B, T + 1, W), W even.

    The positions are computed, not learned, so any T will do.
    """

    def build(self, input_shape: Any) -> None:
        """Make the token."""
        width = input_shape[-1]
        self.token = self.add_weight(
            shape=(1, 1, width), initializer=keras.initializers.RandomNormal(stddev=0.02), name="token"
        )

    def call(self, steps: Any) -> Any:
        """Return token and steps."""
        n, length, width = ops.shape(steps)
        rate = ops.exp(ops.arange(0, width, 2, dtype="float32") * (-math.log(_LONGEST_WAVE) / width))
        angle = ops.arange(length, dtype="float32")[:, None] * rate
        positions = ops.concatenate([ops.sin(angle), ops.cos(angle)], axis=-1)
        token = ops.broadcast_to(ops.cast(self.token, steps.dtype), (n, 1, width))
        return ops.concatenate([token, steps + ops.cast(positions, steps.dtype)], axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        """Return the shape with one step more."""
        return (shape[0], None if shape[1] is None else shape[1] + 1, shape[2])


@keras.saving.register_keras_serializable("darkhar")
class TokenMask(layers.Layer):
    """Who may look at whom: all at the token and at real steps, mask (B, T) bool -> (B, T + 1, T + 1) bool."""

    def call(self, mask: Any) -> Any:
        """Return the attention mask."""
        seen = ops.pad(mask, [[0, 0], [1, 0]], constant_values=True)
        return ops.logical_and(ops.ones_like(seen)[:, :, None], seen[:, None, :])

    def compute_output_spec(self, mask: Any) -> Any:
        """Return a square mask for each clip."""
        length = None if mask.shape[1] is None else mask.shape[1] + 1
        return keras.KerasTensor((mask.shape[0], length, length), "bool")


@keras.saving.register_keras_serializable("darkhar")
class FirstStep(layers.Layer):
    """The first step, (B, T, W) -> (B, W)."""

    def call(self, steps: Any) -> Any:
        """Return it."""
        return steps[:, 0]


def _block(x: Any, seen: Any, width: int, heads: int, dropout: float) -> Any:
    """Return x (B, T + 1, W) after self-attention and two dense layers, each added to what it is given."""
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)(y, y, attention_mask=seen)
    x = layers.Add()([x, layers.Dropout(dropout)(y) if dropout else y])
    y = layers.LayerNormalization()(x)
    y = layers.Dense(2 * width, activation="gelu")(y)
    y = layers.Dense(width)(y)
    return layers.Add()([x, layers.Dropout(dropout)(y) if dropout else y])


@register("classifier")
@with_inputs()
def transformer(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    blocks: int = 1,
    heads: int = 4,
    width: int = 64,
    dropout: float = 0.1,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    Padded frames are looked at by none.

    Raises:
        BadRequest: a width that does not fit the heads.
    """
    if width % heads or width % 2:
        raise BadRequest(
            f"classifier.width={width} with classifier.heads={heads}: an even multiple of the heads is needed"
        )
    features, mask, x = head_inputs(timeline, inputs)
    x = ClassToken(name="token")(layers.Dense(width, name="embed")(x))
    seen = TokenMask(name="seen")(mask)
    for _ in range(blocks):
        x = _block(x, seen, width, heads, dropout)
    x = layers.LayerNormalization()(FirstStep(name="read")(x))
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model([features, mask], logits(x, n_classes), name="transformer")
