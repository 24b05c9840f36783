"""LiteRT's (TensorFlow Lite's) file, for phones and small boards: shapes are fixed, and frames come picked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner, signature_of


def write(model: Any, inputs: Sequence[InputSpec], path: Path, **settings: Any) -> None:
    """Write the file, of LiteRT's own operations alone, so that no other library is needed to run it."""
    import tensorflow as tf

    own = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(
        str(path), format="litert", input_signature=signature_of(inputs), verbose=False, target_spec=own, **settings
    )


def read(path: Path) -> Runner:
    """Return the network of a file as a function."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    given = sorted(interpreter.get_input_details(), key=lambda one: _place(one["name"]))
    (result,) = interpreter.get_output_details()
    shapes: list[tuple[int, ...]] = []

    def run(arrays: Arrays) -> np.ndarray:
        now = [array.shape for array in arrays]
        if now != shapes:
            for one, array in zip(given, arrays, strict=True):
                interpreter.resize_tensor_input(one["index"], array.shape)
            interpreter.allocate_tensors()
            shapes[:] = now
        for one, array in zip(given, arrays, strict=True):
            interpreter.set_tensor(one["index"], array)
        interpreter.invoke()
        return interpreter.get_tensor(result["index"]).copy()

    return run


def _place(name: str) -> tuple[int, str]:
    """Return where an input stands: LiteRT numbers them in an order of its own, their names keep ours."""
    core = name.split(":")[0].removeprefix("serving_default_").removeprefix("serve_")
    digits = "".join(sign for sign in core if sign.isdigit())
    return int(digits or 0), core


def quantize(model: Any, inputs: Sequence[InputSpec], path: Path, examples: Sequence[Arrays]) -> None:
    """Write the file with int8 weights; activations are quantised as they come, so no examples are needed."""
    import tensorflow as tf

    write(model, inputs, path, optimizations=[tf.lite.Optimize.DEFAULT])


FORMAT = Format(
    "litert",
    "model.tflite",
    "LiteRT (TensorFlow Lite), frames of one size",
    write,
    read,
    fixed=True,
    quantize=quantize,
)
