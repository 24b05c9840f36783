"""TensorFlow Lite's files, run by LiteRT."""

from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from darkhar_cli import ambient
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.network import litert_adapter
from darkhar_cli.extractors.network.contract import LAST_POOLED, Port, Run, Said, Shape
from darkhar_cli.extractors.network.openvino_file import cast, no_output, one_output, only_input, reason
from darkhar_cli.native_stderr import quiet_start

_MOST_INTERPRETERS = 8


class LiteRTFile:
    """See `NetworkFile`.

    Args:
        path: the `.tflite` file.

    Raises:
        BadRequest: LiteRT cannot read it, or it takes more than frames.
    """

    format, runtime = "TensorFlow Lite", "litert"

    def __init__(self, path: Path):
        self.path, self.name = path, path.name
        try:
            interpreter = self._interpreter(inside=False)
        except (ValueError, RuntimeError, OSError) as problem:
            raise BadRequest(
                f"extractor.weights={path} cannot be read as {self.format}: {reason(problem)}"
            ) from problem
        inputs = interpreter.get_input_details()
        self.given = only_input([_port(one, _name(interpreter, one, "inputs")) for one in inputs], path)
        self._results = {_name(interpreter, one, "outputs"): one for one in interpreter.get_output_details()}
        self.outputs = tuple(_port(one, name) for name, one in self._results.items())
        self.said = _said(inputs[0])
        self._levels = inputs[0]["quantization"]

    def _interpreter(self, inside: bool) -> Any:
        """Return a new interpreter; with `inside` one that keeps every tensor, for which it must run slower."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if inside else OpResolverType.AUTO
        with quiet_start():
            return Interpreter(
                model_path=str(self.path),
                num_threads=1,
                experimental_op_resolver_type=plain,
                experimental_preserve_all_tensors=inside,
            )

    def ready(self, shape: tuple[int, ...], output: str | None) -> tuple[Run, Shape]:
        """See `NetworkFile`."""
        index, inside = self._chosen(output)
        first = self._sized(shape, inside)
        detail = next(one for one in first.get_tensor_details() if one["index"] == index)
        idle: SimpleQueue = SimpleQueue()  # an interpreter serves one thread at a time
        idle.put(first)
        count, lock = [1], Lock()

        def another() -> Any:
            with lock:
                grow = idle.empty() and count[0] < min(ambient.cores(), _MOST_INTERPRETERS)
                count[0] += grow
            return self._sized(shape, inside) if grow else idle.get()

        def run(array: np.ndarray) -> np.ndarray:
            interpreter = another()
            try:
                interpreter.set_tensor(interpreter.get_input_details()[0]["index"], self._quantised(array))
                interpreter.invoke()
                return _real(np.array(interpreter.get_tensor(index)), detail["quantization"])
            finally:
                idle.put(interpreter)

        return run, tuple(int(size) for size in detail["shape"])

    def _sized(self, shape: tuple[int, ...], inside: bool) -> Any:
        """Return an interpreter for arrays of one shape.

        Raises:
            BadRequest: the network does not take it.
        """
        interpreter = self._interpreter(inside)
        try:
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
            with quiet_start():
                interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as problem:
            raise BadRequest(
                f"{self.name} does not take frames as {shape}, its input is {self.given}: {reason(problem)}"
            ) from problem
        return interpreter

    def _quantised(self, array: np.ndarray) -> np.ndarray:
        scale, zero = self._levels
        return cast(array / scale + zero if scale else array, self.given.dtype)

    def _chosen(self, output: str | None) -> tuple[int, bool]:
        """Return the tensor that features are taken from, and whether it lies inside."""
        if output is None:
            return self._results[one_output(self.outputs, self.name)]["index"], False
        if output in self._results:
            return self._results[output]["index"], False
        interpreter = self._interpreter(inside=True)
        interpreter.allocate_tensors()
        if output == LAST_POOLED:
            return litert_adapter.before_last_dense(interpreter)
        inside = {one["name"]: one["index"] for one in interpreter.get_tensor_details() if one["name"]}
        if output not in inside:
            raise no_output(output, self.name, self.outputs, sorted(inside))
        return inside[output], True


def _name(interpreter: Any, detail: Any, kind: str) -> str:
    """Return what a signature calls an input or output, where the file has one; else the tensor's name."""
    for key in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(key)
        known = runner.get_input_details() if kind == "inputs" else runner.get_output_details()
        for name, one in known.items():
            if one["index"] == detail["index"]:
                return name
    return detail["name"]


def _port(detail: Any, name: str) -> Port:
    sizes = detail.get("shape_signature", detail["shape"])
    shape = tuple(None if size < 0 else int(size) for size in sizes)
    return Port(name, shape, np.dtype(detail["dtype"]).name)


def _said(detail: Any) -> Said:
    """Return what an input's type says: whole numbers are levels, and a quantised type says what they stand for."""
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    kind = np.dtype(detail["dtype"])
    if kind.kind not in "iu":
        return Said()
    scale, middle = detail["quantization"]
    if not scale:
        return Said(range=(0.0, 255.0), mean=zero, std=one)
    limits = np.iinfo(kind)
    return Said(range=(scale * (limits.min - middle), scale * (limits.max - middle)), mean=zero, std=one)


def _real(array: np.ndarray, quantization: tuple[float, int]) -> np.ndarray:
    scale, zero = quantization
    return ((array.astype(np.float32) - zero) * scale if scale else array).astype(np.float32)
