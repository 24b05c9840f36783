"""ONNX, for ONNX Runtime and what else reads it; OpenVINO reads it where ONNX Runtime is not installed."""

import warnings
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export import openvino_ir
from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner, signature_of
from darkhar_cli.export.tf2onnx_adapter import both_reshapes_kept


def write(model: Any, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the file."""
    with warnings.catch_warnings(), both_reshapes_kept():
        warnings.filterwarnings("ignore", category=FutureWarning)  # Keras looks for `np.object`
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # tf2onnx's and onnx's own
        model.export(str(path), format="onnx", input_signature=signature_of(inputs), verbose=False)


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
