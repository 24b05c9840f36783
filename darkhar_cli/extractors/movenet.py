"""MoveNet SinglePose: 17 body keypoints per frame (Google, TF Hub / Kaggle Models)."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

import cv2
import numpy as np

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.quiet import quiet_start
from darkhar_cli.registry import register

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


def letterbox(frame: np.ndarray, size: int) -> np.ndarray:
    """Return a frame (H, W, 3) centred on a black square, (size, size, 3), its shape kept."""
    height, width = frame.shape[:2]
    scale = size / max(height, width)
    small = cv2.resize(frame, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_LINEAR)
    top, left = (size - small.shape[0]) // 2, (size - small.shape[1]) // 2
    square = np.zeros((size, size, 3), small.dtype)
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square


def _tflite(path: Path) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return a function on one square (1, S, S, 3) -> (17, 3), and S, from a TFLite file run by LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    idle: SimpleQueue = SimpleQueue()  # an interpreter serves one thread at a time
    with quiet_start():
        for _ in range(min(os.cpu_count() or 1, _MOST_INTERPRETERS)):
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


@register("extractor")
def movenet(weights: str, confidence: bool = True) -> Extractor:
    """Keypoints (y, x and, with `confidence`, score) of each frame, F = 51 or 34, 0..1 of the padded square.

    Source: MoveNet's model card; the paper drops the scores.

    Raises:
        BadRequest: no such file, or no MoveNet in it.
    """
    path = Path(weights)
    if not path.exists():
        raise BadRequest(f"extractor.weights={path}: no such file or folder; get MoveNet Lightning from {_SOURCE}")
    try:
        run, size = _saved_model(path) if path.is_dir() else _tflite(path)
    except (ValueError, OSError, KeyError, RuntimeError, StopIteration) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise BadRequest(f"extractor.weights={path} is no MoveNet: {reason}; get it from {_SOURCE}") from problem

    def extract(frames: np.ndarray) -> np.ndarray:
        levels = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
        points = np.stack([run(letterbox(frame, size)[None]) for frame in levels])
        points = points if confidence else points[:, :, :2]
        return points.reshape(len(frames), -1).astype(np.float32)

    kinds = ("y", "x", "score") if confidence else ("y", "x")
    channels = tuple(f"{name}_{kind}" for name in KEYPOINTS for kind in kinds)
    return Extractor(
        "movenet",
        len(channels),
        None,
        function=extract,
        weights_hash=_content_hash(path),
        channels=channels,
        runtime="tensorflow" if path.is_dir() else "litert",
    )
