"""Keras's own files: read in safe mode, run by OpenVINO on a CPU and by Keras with XLA on a GPU."""

import warnings
from pathlib import Path
from threading import Lock
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from darkhar_cli import device, saved_classes
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.extractors.network.contract import LAST_POOLED, Port, Run, Said, Shape
from darkhar_cli.extractors.network.openvino_file import (
    cast,
    compiled_at_first,
    import_openvino,
    no_output,
    one_output,
    only_input,
    reason,
)

_FIRST = 3  # layers among which one that scales frames is looked for
_SCALING = ("Rescaling", "Normalization")


class KerasFile:
    """See `NetworkFile`.

    Args:
        path: the `.keras` file.

    Raises:
        BadRequest: Keras cannot read it in safe mode, or it takes more than frames.
    """

    format = "Keras"

    def __init__(self, path: Path):
        saved_classes.install()
        self.name = path.name
        self.runtime = "keras" if device.on_gpu() else "openvino"
        try:
            self.model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as problem:  # whatever its layers raise
            raise BadRequest(f"extractor.weights={path} cannot be read: {_why(problem)}") from problem
        if not getattr(self.model, "inputs", None):
            raise BadRequest(
                f"extractor.weights={path} is no graph of layers: save it as a SavedModel, with model.export(...)"
            )
        self.given = only_input([_port(one, one.name) for one in self.model.inputs], path)
        names = self.model.output_names
        self.outputs = tuple(_port(one, name) for one, name in zip(self.model.outputs, names, strict=True))
        self.said = _said(self.model, self.given)

    def ready(self, shape: tuple[int, ...], output: str | None) -> tuple[Run, Shape]:
        """See `NetworkFile`."""
        part = keras.Model(self.model.inputs[0], self._chosen(output))
        part.trainable = False
        run = run_keras(part, shape, self.given.dtype) if self.runtime == "keras" else None
        return run or run_converted(part, shape, self.given.dtype, self.name), tuple(part.output_shape)

    def _chosen(self, output: str | None) -> Any:
        """Return the tensor that features are taken from."""
        if output is None:
            one_output(self.outputs, self.name)
            return self.model.outputs[0]
        if output == LAST_POOLED:
            dense = [layer for layer in self.model.layers if isinstance(layer, keras.layers.Dense)]
            return dense[-1].input if dense else self.model.outputs[0]
        by_name = {layer.name: layer for layer in self.model.layers}
        by_output = {port.name: tensor for port, tensor in zip(self.outputs, self.model.outputs, strict=True)}
        if output not in by_name and output not in by_output:
            raise no_output(output, self.name, self.outputs, sorted(by_name))
        return by_output[output] if output in by_output else by_name[output].output


def _port(tensor: Any, name: str) -> Port:
    return Port(name, tuple(tensor.shape), str(tensor.dtype))


def _why(problem: Exception) -> str:
    """Return what Keras says in one line, and what to do about code in a file."""
    said = reason(problem)
    if "unsafe" in said or "Lambda" in said:
        return (
            "it holds code (a Lambda layer), which is not run from a file; save the network without it, for instance "
            "as ONNX or a SavedModel"
        )
    return said


def _said(model: Any, given: Port) -> Said:
    """Return what a model's first layers say: one that scales levels takes them 0..255."""
    first = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"][:_FIRST]
    if np.dtype(given.dtype).kind in "iu" or set(first) & set(_SCALING):
        return Said(range=(0.0, 255.0), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    return Said()


def _graph(model: Any, shape: tuple[int, ...], dtype: str, xla: bool) -> Any:
    def forward(array: Any) -> Any:
        with warnings.catch_warnings():
            # keras-cv calls what its attention adds a mask, which Keras then misses.
            warnings.filterwarnings("ignore", message="(?s).*does not support masking")
            return tf.cast(model(array, training=False), tf.float32)

    return tf.function(forward, input_signature=[tf.TensorSpec(shape, dtype)], jit_compile=xla)


def run_keras(model: Any, shape: tuple[int, ...], dtype: str) -> Run:
    """Return what runs a Keras model, with XLA, on arrays of one shape."""
    graph = _graph(model, shape, dtype, xla=True)
    return lambda array: graph(cast(array, dtype)).numpy()


def run_converted(model: Any, shape: tuple[int, ...], dtype: str, name: str) -> Run:
    """Return what runs a Keras model in OpenVINO, in float32; it is converted and compiled at the first call.

    Raises:
        FailedWork: (at the first call) OpenVINO cannot run it.
    """
    lock = Lock()
    made: list[Run] = []

    def run(array: np.ndarray) -> np.ndarray:
        with lock:
            if not made:
                made.append(compiled_at_first(_converted(model, shape, dtype, name), name, dtype))
        return made[0](array)

    return run


def _converted(model: Any, shape: tuple[int, ...], dtype: str, name: str) -> Any:
    try:
        graph = _graph(model, shape, dtype, xla=False).get_concrete_function()
        return import_openvino().convert_model(graph, share_weights=False)
    except Exception as problem:  # OpenVINO's own classes have no common public name
        raise FailedWork(f"OpenVINO cannot run {name}: {reason(problem)}") from problem
