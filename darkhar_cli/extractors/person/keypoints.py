"""MoveNet SinglePose run on square images: 17 body keypoints (Google, TF Hub / Kaggle Models)."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np

from darkhar_cli import ambient
from darkhar_cli.errors import BadRequest
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.weights import fetching, lookup

# COCO order, as the model card gives it.
KEYPOINTS = [
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
]
_MOST_INTERPRETERS = 8
_SOURCE = "https://www.kaggle.com/models/google/movenet"
_VARIANTS = {192: "lightning", 256: "thunder"}  # sides of their squares, as the model card gives them


@dataclass(frozen=True)
class MoveNet:
    """A MoveNet ready for use.

    Attributes:
        run: one square (1, S, S, 3) uint8 RGB -> (17, 3): y, x (0..1 of the square) and score; safe in threads.
        size: S.
        weights_hash: of its files' content.
        runtime: `litert` or `tensorflow`.
    """

    run: Callable[[np.ndarray], np.ndarray]
    size: int
    weights_hash: str
    runtime: str


def opposite(keypoint: str) -> str:
    """Return the keypoint that takes this one's place in a mirror."""
    side, _, joint = keypoint.partition("_")
    return {"left": f"right_{joint}", "right": f"left_{joint}"}.get(side, keypoint)


def letterbox(frame: np.ndarray, size: int) -> np.ndarray:
    """Return a frame (H, W, 3) centred on a black square, (size, size, 3), its shape kept."""
    height, width = frame.shape[:2]
    scale = size / max(height, width)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame, shape, interpolation=cv2.INTER_LINEAR)
    top, left = (size - small.shape[0]) // 2, (size - small.shape[1]) // 2
    square = np.zeros((size, size, 3), small.dtype)
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square


def find_movenet(variant: str = "lightning") -> Path:
    """Return the MoveNet of a folder of models, downloading it where there is none.

    Raises:
        FailedWork: it cannot be downloaded; the message says where to get it and where to put it.
    """
    weights = lookup.of_extractor({"name": "movenet", "weights": "auto", "variant": variant})
    assert weights is not None, "every variant stands in the catalogue"
    return fetching.ensure(weights)


def load_movenet(weights: str, variant: str = "lightning") -> MoveNet:
    """Load a TFLite file, or the folder of TF Hub's SavedModel.

    Args:
        weights: the file or folder; `auto` searches the folders of models, and downloads.
        variant: `lightning` or `thunder`.

    Raises:
        BadRequest: no such file, no MoveNet in it, or the other variant.
        FailedWork: it cannot be downloaded.
    """
    path = find_movenet(variant) if weights == "auto" else Path(weights)
    if not path.exists():
        net = f"MoveNet {variant.title()}"
        raise BadRequest(f"extractor.weights={path}: no such file or folder; get {net} from {_SOURCE}")
    try:
        run, size = _saved_model(path) if path.is_dir() else _tflite(path)
    except (ValueError, OSError, KeyError, RuntimeError, StopIteration) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise BadRequest(f"extractor.weights={path} is no MoveNet: {reason}; get it from {_SOURCE}") from problem
    if _VARIANTS.get(size, variant) != variant:
        fits = _VARIANTS[size]
        raise BadRequest(
            f"extractor.weights={path} takes squares of {size} pixels: it is MoveNet {fits.title()}, which fits "
            f"extractor.variant={fits}, not {variant}"
        )
    return MoveNet(run, size, _content_hash(path), "tensorflow" if path.is_dir() else "litert")


def _tflite(path: Path) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return a function on one square (1, S, S, 3) -> (17, 3), and S, from a TFLite file run by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    idle: SimpleQueue = SimpleQueue()  # an interpreter serves one thread at a time
    with quiet_start():
        for _ in range(min(ambient.cores(), _MOST_INTERPRETERS)):
            interpreter = Interpreter(model_path=str(path), num_threads=1)
            interpreter.allocate_tensors()
            idle.put(interpreter)
    given, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if given["shape"].tolist()[-1:] != [3] or answer["shape"].tolist()[-2:] != [17, 3]:
        raise ValueError(f"takes {given['shape'].tolist()} and gives {answer['shape'].tolist()}, not 17 keypoints")

    def run(square: np.ndarray) -> np.ndarray:
        interpreter = idle.get()
        try:
            interpreter.set_tensor(given["index"], square.astype(given["dtype"]))
            interpreter.invoke()
            return interpreter.get_tensor(answer["index"]).reshape(17, 3)
        finally:
            idle.put(interpreter)

    return run, int(given["shape"][1])


def _saved_model(path: Path) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return the same from TF Hub's SavedModel, through its `serving_default` signature."""
    import tensorflow as tf

    serve = tf.saved_model.load(str(path)).signatures["serving_default"]
    name, spec = next(iter(serve.structured_input_signature[1].items()))
    size = spec.shape[1]
    if size is None or spec.shape[-1] != 3:
        raise ValueError(f"takes {spec.shape}, not one square RGB frame")

    def run(square: np.ndarray) -> np.ndarray:
        answer = next(iter(serve(**{name: tf.cast(square, spec.dtype)}).values()))
        return answer.numpy().reshape(17, 3)

    return run, int(size)


def _content_hash(path: Path) -> str:
    digest = sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
