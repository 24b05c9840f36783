"""ONNX, for ONNX Runtime and what else reads it; OpenVINO reads it where ONNX Runtime is not installed."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export import openvino_ir
from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner, signature_of


def write(model: Any, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the file."""
    with warnings.catch_warnings(), both_reshapes_kept():
        warnings.filterwarnings("ignore", category=FutureWarning)  # Keras looks for `np.object`
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # tf2onnx's and onnx's own
        model.export(str(path), format="onnx", input_signature=signature_of(inputs), verbose=False)


@contextmanager
def both_reshapes_kept() -> Iterator[None]:
    """Keep tf2onnx from dropping the first of two `Reshape`s where the second copies lengths from it.

    A 0 in a shape means: as long as this axis of the input. tf2onnx 1.17 gives the second the first's input without
    asking for that (`BackToBackOptimizer`), and the second then copies other axes' lengths: wrong numbers, no error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what tf2onnx and onnx say about themselves when they are imported
        from tf2onnx.optimizer import back_to_back_optimizer as optimizer

    merged = optimizer._func_map[("Reshape",)]

    def merge(graph: Any, first: Any, consumers: Sequence[Any]) -> Any:
        shapes = [node.inputs[1] for node in consumers]
        absolute = all(not shape.is_const() or 0 not in shape.get_tensor_value() for shape in shapes)
        return merged(graph, first, consumers) if absolute else []

    optimizer._func_map[("Reshape",)] = merge
    try:
        yield
    finally:
        optimizer._func_map[("Reshape",)] = merged


def read(path: Path) -> Runner:
    """Return the network of a file as a function."""
    if util.find_spec("onnxruntime") is None:
        return openvino_ir.read(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]

    def run(arrays: Arrays) -> np.ndarray:
        return session.run(None, dict(zip(names, arrays, strict=True)))[0]

    return run


_USAGE = """\
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
probabilities = session.run(None, {"frames": frames})[0]  # frames: (clips, n, height, width, 3) uint8, RGB
"""

FORMAT = Format(
    "onnx", "model.onnx", "ONNX, for ONNX Runtime", write, read, needs=(("tf2onnx", "darkhar[export]"),), usage=_USAGE
)
