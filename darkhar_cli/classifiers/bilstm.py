"""Two LSTMs over the frames, one from each end (Schuster and Paliwal, IEEE TSP 1997; Graves and Schmidhuber, 2005)."""

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
def bilstm(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    units: int = 64,
    dense: Sequence[int] = (32,),
    dropout: float = 0.0,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    `units` in each direction; what both end with is joined. Masked frames are passed over.
    """
    features, mask, x = head_inputs(timeline, inputs)
    x = layers.Bidirectional(layers.LSTM(units))(x, mask=mask)
    x = dense_layers(x, dense, dropout)
    return keras.Model([features, mask], logits(x, n_classes), name="bilstm")
