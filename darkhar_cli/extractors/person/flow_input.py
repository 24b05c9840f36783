"""What optical flow is computed on: small blurred luma, and the box of the person in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import cv2
import numpy as np

_LEAST_SIDE = 16  # pixels, which a pyramid needs
_lock = Lock()
_callers: list[int] = []  # OpenCV's threads before the first of those now inside `one_thread`


def luma(frame: np.ndarray, longest: int, blur: float) -> np.ndarray:
    """Return the luma (h, w) uint8 of a frame (H, W, 3), its longer side `longest`, blurred by a Gaussian."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = longest / max(height, width)
    size = max(_LEAST_SIDE, round(width * scale)), max(_LEAST_SIDE, round(height * scale))
    if size != (width, height):
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return cv2.GaussianBlur(grey, (0, 0), blur)


def widened(box: np.ndarray, by: float) -> np.ndarray:
    """Return boxes (..., 4) with this share of their width and height added on each side."""
    room = by * (box[..., 2:] - box[..., :2])
    return np.concatenate([box[..., :2] - room, box[..., 2:] + room], axis=-1)


def pixels(box: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of an image (h, w) that a box (4,) in frame heights touches."""
    height, width = shape
    left, top = np.floor(box[:2] * height)
    right, bottom = np.ceil(box[2:] * height)
    return (
        slice(int(np.clip(top, 0, height)), int(np.clip(bottom, 0, height))),
        slice(int(np.clip(left, 0, width)), int(np.clip(right, 0, width))),
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread meanwhile: clips run side by side, and dense flow's bits depend on the number."""
    with _lock:
        _callers.append(cv2.getNumThreads() if not _callers else _callers[0])
        cv2.setNumThreads(1)
    try:
        yield
    finally:
        with _lock:
            before = _callers.pop()
            if not _callers:
                cv2.setNumThreads(before)
