"""Keras's own file; reading it needs darkhar, whose layers it names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner


def write(model: Any, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the model."""
    model.save(path)


def read(path: Path) -> Runner:
    """Return the model of a file as a function."""
    import keras
    import tensorflow as tf

    from darkhar_cli import saved_classes

    saved_classes.install()
    model = keras.saving.load_model(path, compile=False)

    graph = tf.function(lambda given: model(given, training=False), reduce_retracing=True)

    def run(arrays: Arrays) -> np.ndarray:
        given = [tf.constant(array) for array in arrays]
        return graph(given[0] if len(given) == 1 else given).numpy()

    return run


FORMAT = Format("keras", "model.keras", "Keras's own file; darkhar must be installed where it is read", write, read)
