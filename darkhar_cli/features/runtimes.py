"""What runs a frozen extractor: OpenVINO on a CPU, Keras with XLA on a GPU, or the extractor's own runtime.

An engine's bits must not depend on what happened to be missing. OpenVINO in float32 gives the same bits at every
static batch size and number of threads (with a dynamic batch it does not); Keras does not, so each engine gets
batches of one fixed size, the last one filled up.
"""

from importlib import metadata
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf

from darkhar_cli import ambient, device
from darkhar_cli.errors import FailedWork
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.network.openvino_file import import_openvino as import_openvino
from darkhar_cli.features.lru import LeastRecentlyUsed
from darkhar_cli.features.prefetch import Engine

_KERAS_BATCH = {False: 16, True: 64}  # frames, on a CPU and on a GPU
_OPENVINO_BATCH = 4  # larger ones are not faster, and small ones waste less when the last is filled up
_MOST_SHAPES = 4  # frame sizes kept compiled
_THROUGHPUT = {"PERFORMANCE_HINT": "THROUGHPUT"}
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


def resolve_runtime(requested: str, extractor: Extractor) -> tuple[str, str]:
    """Return the runtime of a frozen extractor (`openvino`, `keras` or the extractor's own), and the reason."""
    if extractor.backend == "host":
        return extractor.runtime, f"{extractor.name} brings its own"
    return keras_runtime(requested)


def keras_runtime(requested: str) -> tuple[str, str]:
    """Return what runs frozen Keras extractors (`openvino` or `keras`), and the reason."""
    if requested != "auto":
        return requested, "as asked"
    return ("keras", "on a GPU") if device.on_gpu() else ("openvino", "no GPU")


def build_engine(extractor: Extractor, runtime: str, precision: str) -> Engine:
    """Return the engine of a frozen extractor; nothing is converted or compiled before the first frame.

    Args:
        extractor: frozen.
        runtime: as `resolve_runtime` gives it.
        precision: of OpenVINO, float32 or bfloat16; a Keras model has its own.
    """
    if extractor.backend == "host":  # it has been at work already, where frames are made
        return Engine(lambda features: features)
    return openvino_engine(extractor, precision) if runtime == "openvino" else keras_engine(extractor, device.on_gpu())


def runs_bfloat16() -> bool:
    """Return whether OpenVINO computes in bfloat16 on this CPU; elsewhere it takes float32 instead."""
    return "BF16" in import_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def versions(runtime: str) -> dict[str, str]:
    """Return the versions of everything that features' bits come from, the device included."""
    packages = {"openvino": "openvino", "litert": "ai-edge-litert"}
    names = ["av", "opencv-python-headless", "tensorflow", "keras"]
    names += [packages[runtime]] if runtime in packages else []
    where = {"device": device.name()} if runtime == "keras" else {}
    return {name: metadata.version(name) for name in names} | where


def _filled_up(frames: np.ndarray, batch: int) -> np.ndarray:
    missing = batch - len(frames)
    return np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)]) if missing else frames


def keras_engine(extractor: Extractor, xla: bool) -> Engine:
    """Return a Keras model's engine, in the precision it was built with; features leave it as float32."""
    size = _KERAS_BATCH[xla]
    shape = (size, *(extractor.size or (None, None)), 3)

    def forward(frames: Any) -> Any:
        return tf.cast(extractor.model(frames, training=False), tf.float32)

    # XLA compiles for one frame size at a time; where sizes vary it would compile over and over.
    signature = [tf.TensorSpec(shape, tf.float32)]
    graph = tf.function(forward, input_signature=signature, jit_compile=xla and extractor.size is not None)
    return Engine(lambda frames: graph(_filled_up(frames, size)).numpy()[: len(frames)], size)


class _OpenVINO:
    """A Keras model converted for OpenVINO, compiled once for each frame size."""

    def __init__(self, extractor: Extractor, precision: str, batch: int):
        self.extractor, self.batch = extractor, batch
        self.settings = {"INFERENCE_PRECISION_HINT": _HINTS[precision], **_THROUGHPUT}
        if ambient.threads():
            self.settings["INFERENCE_NUM_THREADS"] = str(ambient.threads())
        self._idle: LeastRecentlyUsed[tuple[int, ...], SimpleQueue] = LeastRecentlyUsed(_MOST_SHAPES)
        self._lock = Lock()

    def _requests(self, shape: tuple[int, ...]) -> SimpleQueue:
        """Return the idle infer requests for frames (h, w, 3)."""
        with self._lock:
            idle = self._idle.get(shape)
            if idle is None:
                idle = self._compile(shape)
                self._idle.put(shape, idle)
            return idle

    def _compile(self, shape: tuple[int, ...]) -> SimpleQueue:
        idle: SimpleQueue = SimpleQueue()
        try:
            ov = import_openvino()
            model = self.extractor.model
            signature = [tf.TensorSpec((self.batch, *shape), tf.float32)]
            graph = tf.function(lambda frames: model(frames, training=False), input_signature=signature)
            network = ov.convert_model(graph.get_concrete_function(), share_weights=False)
            compiled = ov.Core().compile_model(network, "CPU", self.settings)
        except Exception as problem:  # OpenVINO's own classes have no common public name
            reason = " ".join(str(problem).split())[:200]
            raise FailedWork(
                f"OpenVINO cannot run extractor {self.extractor.name!r} ({reason}); give runtime=keras"
            ) from problem
        for _ in range(_workers()):
            idle.put(compiled.create_infer_request())
        return idle

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return features (n, F) float32 of frames (n, h, w, 3), n up to the batch."""
        idle = self._requests(frames.shape[1:])
        request = idle.get()
        try:
            given = np.ascontiguousarray(_filled_up(frames, self.batch))
            return request.infer([given])[0][: len(frames)].astype(np.float32)
        finally:
            idle.put(request)


def _workers() -> int:
    return min(ambient.cores(), 8)


def openvino_engine(extractor: Extractor, precision: str = "float32") -> Engine:
    """Return OpenVINO's engine of a float32 Keras model, computing in exactly this precision.

    Without the hint OpenVINO takes bfloat16 where the CPU has it.

    Raises:
        FailedWork: (at the first frame) OpenVINO cannot run the model.
    """
    if extractor.model.compute_dtype != "float32":
        raise ValueError(f"{extractor.name} was built in {extractor.model.compute_dtype}, not in float32")
    return Engine(_OpenVINO(extractor, precision, _OPENVINO_BATCH), _OPENVINO_BATCH, _workers())
