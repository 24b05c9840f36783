"""TensorFlow's SavedModel, for TensorFlow Serving and everything that TensorFlow runs in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner, signature_of


def write(model: Any, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the folder."""
    model.export(str(path), format="tf_saved_model", input_signature=signature_of(inputs), verbose=False)


def read(path: Path) -> Runner:
    """Return the model of a folder as a function."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))

    def run(arrays: Arrays) -> np.ndarray:
        given = [tf.constant(array) for array in arrays]
        return loaded.serve(given[0] if len(given) == 1 else given).numpy()

    return run


_USAGE = """\
import tensorflow as tf

model = tf.saved_model.load("model")
probabilities = model.serve(frames).numpy()  # frames: (clips, n, height, width, 3) uint8, RGB
"""

FORMAT = Format("savedmodel", "model", "a folder for TensorFlow and TensorFlow Serving", write, read, usage=_USAGE)
