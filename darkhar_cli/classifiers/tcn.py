"""Dilated convolutions over the frames: a temporal convolutional network (Bai et al., arXiv 1803.01271)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.classifiers.blocks.inputs import head_inputs
from darkhar_cli.classifiers.blocks.logits import logits
from darkhar_cli.classifiers.blocks.normalisation import ZeroPadding
from darkhar_cli.classifiers.blocks.options import InputOptions, with_inputs
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.errors import BadRequest
from darkhar_cli.registry import register


@register("classifier")
@with_inputs()
def tcn(
    timeline: Timeline,
    n_classes: int,
    inputs: InputOptions,
    filters: int = 48,
    kernel: int = 5,
    dilations: Sequence[int] = (1, 2, 4),
    spatial_dropout: float = 0.15,
    dropout: float = 0.4,
    l2: float = 0.001,
) -> Any:
    """Return a Keras model, features (B, T, F) and mask (B, T) bool -> logits (B, K) float32.

    Not causal, as the whole clip is known: spatial dropout, convolutions of the same length with ReLU, mean and
    maximum over time, dropout, logits. A convolution sees zeros before and behind a clip, however long the batch.

    Raises:
        BadRequest: no convolutions.
    """
    if not dilations:
        raise BadRequest("classifier.dilations=[]: at least one convolution is needed, e.g. [1, 2, 4]")
    features, mask, x = head_inputs(timeline, inputs)
    x = layers.SpatialDropout1D(spatial_dropout)(x) if spatial_dropout else x
    for dilation in dilations:
        x = ZeroPadding()(x, mask)
        x = layers.Conv1D(filters, kernel, padding="same", dilation_rate=dilation, activation="relu")(x)
    x = ZeroPadding(dtype="float32")(x, mask)  # after ReLU nothing is under 0, so the maximum passes padding over
    mean = layers.GlobalAveragePooling1D(dtype="float32")(x, mask=mask)
    x = layers.Concatenate(dtype="float32")([mean, layers.GlobalMaxPooling1D(dtype="float32")(x)])
    x = layers.Dropout(dropout)(x) if dropout else x
    return keras.Model([features, mask], logits(x, n_classes, l2), name="tcn")
