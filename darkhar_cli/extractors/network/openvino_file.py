"""Networks that OpenVINO reads and runs: ONNX, its own IR, TensorFlow's SavedModel."""

import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from darkhar_cli import ambient
from darkhar_cli.errors import BadRequest, FailedWork, nearest
from darkhar_cli.extractors.network import graph
from darkhar_cli.extractors.network.contract import LAST_POOLED, Port, Run, Said, Shape

# Without the first OpenVINO takes bfloat16 where the CPU has it; without the second one request takes all cores.
_SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}
_MOST_REQUESTS = 8
_SHOWN = 8  # names in a message


def import_openvino() -> Any:
    """Import OpenVINO without its telemetry, which otherwise reports each import and conversion to its maker."""
    if "openvino" not in sys.modules:
        before = sys.modules.get("openvino_telemetry")
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # OpenVINO then takes its own stub
        try:
            import openvino
        finally:
            del sys.modules["openvino_telemetry"]
            if before:
                sys.modules["openvino_telemetry"] = before
    import openvino

    return openvino


class OpenVINOFile:
    """See `NetworkFile`.

    Args:
        path: the file, or the SavedModel's folder.
        format: as a person calls it.

    Raises:
        BadRequest: OpenVINO cannot read it, or it takes more than frames.
    """

    runtime = "openvino"

    def __init__(self, path: Path, format: str):
        self.format, self.name = format, path.name
        try:
            self.network = import_openvino().Core().read_model(str(path))
        except Exception as problem:  # OpenVINO's own classes have no common public name
            raise BadRequest(f"extractor.weights={path} cannot be read as {format}: {reason(problem)}") from problem
        self.given = only_input([_port(one) for one in self.network.inputs], path)
        self.outputs = tuple(_port(one) for one in self.network.outputs)
        self.said = _said(self.network, self.given)

    def ready(self, shape: tuple[int, ...], output: str | None) -> tuple[Run, Shape]:
        """See `NetworkFile`."""
        network = self.network.clone()
        try:
            network.reshape(list(shape))
        except Exception as problem:
            raise BadRequest(
                f"{self.name} does not take frames as {shape}, its input is {self.given}: {reason(problem)}"
            ) from problem
        chosen = _chosen(network, output, self.name, self.outputs)
        network = import_openvino().Model([chosen], network.get_parameters(), "features")
        return compiled_at_first(network, self.name, self.given.dtype), _port(network.output(0)).shape


def reason(problem: BaseException) -> str:
    """Return what went wrong in one line; of OpenVINO's reports the last lines, which say it."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip() and "Exception from" not in line]
    return " ".join(lines)[:300] or type(problem).__name__


def only_input(inputs: list[Port], path: Path) -> Port:
    """Return a network's one input.

    Raises:
        BadRequest: it has several, or none.
    """
    if len(inputs) != 1:
        names = ", ".join(map(str, inputs)) or "none"
        raise BadRequest(
            f"extractor.weights={path} takes {len(inputs)} inputs ({names}): export the part that takes frames alone"
        )
    return inputs[0]


def one_output(outputs: tuple[Port, ...], name: str) -> str:
    """Return the name of a network's one output.

    Raises:
        BadRequest: it has several; lists them.
    """
    if len(outputs) != 1:
        listed = ", ".join(map(str, outputs[:_SHOWN]))
        raise BadRequest(f"{name} has {len(outputs)} outputs: give extractor.output=NAME, one of {listed}")
    return outputs[0].name


def no_output(output: str, name: str, outputs: tuple[Port, ...], inside: list[str]) -> BadRequest:
    """Return the refusal of an output that is not there."""
    listed = ", ".join(map(str, outputs[:_SHOWN]))
    more = f", {LAST_POOLED}, or one of {len(inside)} tensors inside" if inside else f", {LAST_POOLED}"
    close = nearest(output, [*(one.name for one in outputs), *inside, LAST_POOLED])
    return BadRequest(f"extractor.output={output}: {name} has {listed}{more}{close}")


def _port(node: Any) -> Port:
    names = sorted(node.get_names(), key=lambda name: (len(name), name))
    shape = tuple(size.get_length() if size.is_static else None for size in node.get_partial_shape())
    return Port(names[0] if names else node.get_node().get_friendly_name(), shape, _dtype(node))


def _dtype(node: Any) -> str:
    kind = node.get_element_type()
    return "float32" if kind.get_type_name() == "dynamic" else np.dtype(kind.to_dtype()).name


def _chosen(network: Any, output: str | None, name: str, outputs: tuple[Port, ...]) -> Any:
    """Return the tensor that features are taken from."""
    if output is None:
        one_output(outputs, name)
        return network.output(0).get_node().input_value(0)
    if output == LAST_POOLED:
        return graph.before_last_dense(network)
    tensors = graph.named(network)
    if output not in tensors:
        raise no_output(output, name, outputs, sorted(tensors))
    return tensors[output]


def _said(network: Any, given: Port) -> Said:
    """Return what an IR says in `model_info`, where Model API keeps it, or what its input's type says.

    Whole numbers are levels 0..255; so is what has `embedded_processing`.
    """

    def info(key: str) -> str | None:
        place = ["model_info", key]
        return str(network.get_rt_info(place).astype(str)) if network.has_rt_info(place) else None

    order = {"true": "rgb", "yes": "rgb", "false": "bgr", "no": "bgr"}.get(str(info("reverse_input_channels")).lower())
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    mean, std = _numbers(info("mean_values")), _numbers(info("scale_values"))
    embedded = str(info("embedded_processing")).lower() in ("true", "yes")
    if embedded or np.dtype(given.dtype).kind in "iu":
        return Said(channels=order, range=(0.0, 255.0), mean=zero, std=one)
    if mean or std:
        return Said(channels=order, range=(0.0, 255.0), mean=mean or zero, std=std or one)
    return Said(channels=order)


def _numbers(text: str | None) -> tuple[float, ...] | None:
    try:
        values = tuple(float(word) for word in (text or "").strip("[]").replace(",", " ").split())
    except ValueError:
        return None
    return values if len(values) == 3 else values * 3 if len(values) == 1 else None


def compiled_at_first(network: Any, name: str, dtype: str) -> Run:
    """Return what runs a network of one static shape; it is compiled at the first call.

    Its bits are the same whichever thread asks.
    """
    idle: SimpleQueue = SimpleQueue()
    lock = Lock()
    made: list[Any] = []

    def request() -> Any:
        with lock:
            if not made:
                made.append(_compile(network, name))
                for _ in range(min(ambient.cores(), _MOST_REQUESTS)):
                    idle.put(made[0].create_infer_request())
        return idle.get()

    def run(array: np.ndarray) -> np.ndarray:
        asked = request()
        try:
            return np.array(asked.infer([cast(array, dtype)])[0], np.float32)
        finally:
            idle.put(asked)

    return run


def cast(array: np.ndarray, dtype: str) -> np.ndarray:
    """Return an array as a network's type of numbers: rounded and limited where these are whole."""
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        array = np.clip(np.rint(array), limits.min, limits.max)
    return np.ascontiguousarray(array, kind)


def _compile(network: Any, name: str) -> Any:
    try:
        return import_openvino().Core().compile_model(network, "CPU", _SETTINGS)
    except Exception as problem:
        raise FailedWork(f"OpenVINO cannot run {name}: {reason(problem)}") from problem


def opener(format: str) -> Callable[[Path], OpenVINOFile]:
    """Return what reads files of a format."""
    return lambda path: OpenVINOFile(path, format)
