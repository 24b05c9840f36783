"""Layers that take statistics of the training clips, once before a fold's training: `layer.adapt(values)`."""

from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import keras
import numpy as np
import tensorflow as tf

_before: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()  # one model serves many folds: traced once
Batches = Sequence[tuple[np.ndarray, np.ndarray]]  # features (n, T, F) and mask (n, T) bool; T may differ


def adaptable(model: Any) -> list[Any]:
    """Return a classifier's layers that take statistics, inputs first."""
    return [layer for layer in model.layers if callable(getattr(layer, "adapt", None))]


def inputs_of(model: Any, layer: Any) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the function that gives what one layer of a classifier is given in scoring.

    The function takes features (n, T, F) and mask (n, T) bool and returns (n, T, C) or (n, S) float32.
    """
    known = _before.setdefault(model, {})
    if layer.name not in known:
        given = layer.input[0] if isinstance(layer.input, (list, tuple)) else layer.input  # first input; then a mask
        before = keras.Model(model.inputs, given)
        # One trace for any shape: Keras's own would depend on which shapes came before, and its last bits with it.
        known[layer.name] = tf.function(
            lambda *both: before(list(both), training=False),
            input_signature=[tf.TensorSpec((None, None, *i.shape[2:]), i.dtype) for i in model.inputs],
            autograph=False,
        )
    before_it = known[layer.name]

    def values(features: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return before_it(features, mask).numpy().astype(np.float32)

    return values


def adapt(model: Any, batches: Batches) -> None:
    """Let each adaptable layer take its statistics, in order, so that a later one sees what the earlier ones do.

    Args:
        model: a classifier, features (B, T, F) and mask (B, T) -> logits.
        batches: the training clips, and no others. A layer on steps is given the valid steps of all of them
            (steps, C), a layer behind a pooling one row for each clip (clips, S), float32.
    """
    for layer in adaptable(model):
        given = inputs_of(model, layer)
        parts = [(given(features, mask), mask) for features, mask in batches]
        layer.adapt(np.concatenate([values[mask] if values.ndim == 3 else values for values, mask in parts]))
