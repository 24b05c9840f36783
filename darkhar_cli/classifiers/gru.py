"""GRU over the frames (Cho et al., EMNLP 2014)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import dense_layers, logits
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.registry import register


@register("classifier")
@with_inputs()
def gru(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    units: int = 64,
    dense: Sequence[int] = (32,),
    dropout: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    Masked frames are passed over.
    """
    features, mask, x = head_inputs(timeline, inputs)
    x = layers.GRU(units)(x, mask=mask)
    x = dense_layers(x, dense, dropout)
    return keras.Model([features, mask], logits(x, n_classes), name="gru")
