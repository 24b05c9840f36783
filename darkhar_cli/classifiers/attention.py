"""Attention pooling: a learned weighted mean of the frames' features (Ilse et al., ICML 2018, without their gate)."""

from typing import Any

import keras
from keras import layers, ops

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import logits
from darkhar_cli.classifiers.blocks.normalisation import Float32Layer
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@keras.saving.register_keras_serializable("darkhar")
class AttentionPooling(Float32Layer):
    """Mean of the steps h_t weighted by a_t = softmax(w^T tanh(V h_t)), (B, T, F) and mask (B, T) -> (B, F) float32.

    Args:
        hidden: rows of V.
    """

    def __init__(self, hidden: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.hidden = hidden

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "hidden": self.hidden}

    def build(self, input_shape: Any) -> None:
        """Make the weights."""
        self.v = self.add_weight(shape=(input_shape[-1], self.hidden), initializer="glorot_uniform", name="v")
        self.w = self.add_weight(shape=(self.hidden, 1), initializer="glorot_uniform", name="w")

    def weights_of(self, features: Any, mask: Any) -> Any:
        """Return a_t (B, T), 0 in padding; they sum to 1."""
        scores = ops.matmul(ops.tanh(ops.matmul(features, self.v)), self.w)[..., 0]
        scores = ops.where(mask, scores, -1e9)
        shares = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))  # Keras's softmax warns of clips of one step
        return shares / ops.sum(shares, axis=1, keepdims=True)

    def call(self, features: Any, mask: Any) -> Any:
        """Return the weighted mean of the steps of mask (B, T) bool."""
        return ops.sum(self.weights_of(features, mask)[..., None] * features, axis=1)


@register("classifier")
@with_inputs()
def attention(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    hidden: int = 64,
    dropout: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32, blind to order."""
    features, mask, x = head_inputs(timeline, inputs)
    x = AttentionPooling(hidden, name="attention")(x, mask)
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model([features, mask], logits(x, n_classes), name="attention")
