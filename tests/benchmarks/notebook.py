"""The paper's own way, re-implemented: the whole model through TimeDistributed, features made anew in each epoch.

One Keras model resizes, extracts per frame and classifies; `fit` runs it for every epoch of every fold with the fold's
other clips as validation data. As in the paper's appendix the model is carried from fold to fold, which spares it
tracing again. It is given sampled and decoded frames, which spares it what the notebook reads in each epoch.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.video import read_frames


def build(backbone: keras.Model, frames: int, n_classes: int, height: int, width: int) -> keras.Model:
    """Return the paper's model: a frozen backbone per frame, LSTM of 64, dense layer of 32, logits."""
    backbone.trainable = False
    clips = keras.Input((frames, height, width, 3), dtype="uint8")
    x = layers.TimeDistributed(layers.Resizing(224, 224))(clips)
    x = layers.TimeDistributed(backbone)(x)
    x = layers.LSTM(64)(x)
    x = layers.Dense(32, activation="relu")(x)
    model = keras.Model(clips, layers.Dense(n_classes)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def sampled(clips: Clips, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return evenly spaced frames of all clips (N, T, H, W, 3) uint8, and labels (N,)."""
    rows = clips.table.index.tolist()
    spaced = {row: np.linspace(0, clips.table.loc[row, "n_frames"] - 1, frames).round().astype(int) for row in rows}
    return np.stack([read_frames(clips.video(row), spaced[row]) for row in rows]), np.array(clips.labels(rows))


def cross_validate(
    model: keras.Model,
    clips: tuple[np.ndarray, np.ndarray],
    folds: Sequence[tuple[list[int], list[int]]],
    epochs: int,
    batch: int,
) -> None:
    """Fit the model on each fold in turn, scoring the fold's other clips after each epoch."""
    frames, labels = clips
    for train, validation in folds:
        model.fit(
            frames[train],
            labels[train],
            validation_data=(frames[validation], labels[validation]),
            epochs=epochs,
            batch_size=batch,
            verbose=0,
        )
