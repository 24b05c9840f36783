"""Dense optical flow (DIS, Kroeger et al. 2016) of the person, less what the camera does."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np

from darkhar_cli.extractors.person.flow_input import luma, pixels, widened
from darkhar_cli.extractors.person.smoothing import median, running_median

_LONGEST, _BLUR, _MARGIN = 160, 0.8, 0.12
_BOX_FRAMES = 7
_BACKGROUND = 0.6  # quantile of the gradient above which background counts
_FITS, _KEPT = 2, 0.7  # share kept after the first fit
_LEAST_PIXELS = 50
_TINY = 1e-6


def dense_flow(frames: Iterable[np.ndarray], box: np.ndarray) -> np.ndarray:
    """Return the person's motion between frames, weighted by the image's gradient, in frame heights.

    Args:
        frames: (T, H, W, 3) uint8.
        box: (T, 4) left, top, right, bottom of the person, in frame heights.

    Returns:
        (T - 1, 9): u, v of the whole box and of its upper, middle and lower third, and the divergence.
    """
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # serves one thread at a time
    found, before, arm = [], (), None
    for frame, around in zip(frames, widened(running_median(box, _BOX_FRAMES), _MARGIN), strict=True):
        image = luma(frame, _LONGEST, _BLUR)
        if before:
            arm = _arms(image.shape) if arm is None else arm
            flow = np.moveaxis(dis.calc(before[0], image, None), -1, 0) / np.float32(image.shape[0])
            found.append(_motion(flow, arm, *before))
        before = image, around
    return np.reshape(found, (-1, 9))


def _arms(shape: tuple[int, int]) -> np.ndarray:
    """Return x, y of an image's pixels from its centre, (2, h, w) in its height."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.stack([x - (shape[1] - 1) / 2, y - (shape[0] - 1) / 2]).astype(np.float32) / np.float32(shape[0])


def _motion(flow: np.ndarray, arm: np.ndarray, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the nine numbers of a flow field (2, h, w) that starts at an image (h, w)."""
    gradient = _gradient(image)
    rows, columns = pixels(box, image.shape)
    outside = np.ones(image.shape, bool)
    outside[rows, columns] = False
    shift, zoom = fit_camera(flow, arm, gradient, outside)
    inside = (slice(None), rows, columns)
    return _means(flow[inside] - shift[:, None, None] - zoom * arm[inside], gradient[rows, columns], arm[inside])


def _gradient(image: np.ndarray) -> np.ndarray:
    """Return the length (h, w) float32 of an image's gradient.

    By NumPy's square root, which is rounded correctly: the last bit of `cv2.magnitude` depends on where in memory its
    arguments lie.
    """
    x, y = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    return np.sqrt(x * x + y * y)


def fit_camera(flow: np.ndarray, arm: np.ndarray, gradient: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return the translation (2,) and the zoom about the centre that most of the background follows.

    Args:
        flow: (2, h, w) in frame heights.
        arm: (2, h, w) from the frame's centre, in frame heights.
        gradient: (h, w) of the image.
        outside: (h, w) where the person is not.
    """
    shift, zoom = np.zeros(2, np.float32), np.float32(0)
    if np.count_nonzero(outside) < _LEAST_PIXELS:
        return shift, zoom
    used = np.flatnonzero(outside & (gradient > _quantile(gradient[outside], _BACKGROUND)))
    flow, arm = flow.reshape(2, -1).take(used, axis=1), arm.reshape(2, -1).take(used, axis=1)
    for _ in range(_FITS):
        if flow.shape[1] < _LEAST_PIXELS:
            break
        shift = median(flow - zoom * arm)
        rest = flow - shift[:, None] - zoom * arm
        far = np.maximum(arm[0] ** 2 + arm[1] ** 2, np.float32(_TINY))
        more = median((rest[0] * arm[0] + rest[1] * arm[1]) / far)
        zoom += more
        error = (rest[0] - more * arm[0]) ** 2 + (rest[1] - more * arm[1]) ** 2
        kept = np.flatnonzero(error <= _quantile(error, _KEPT))
        flow, arm = flow.take(kept, axis=1), arm.take(kept, axis=1)
    return shift, zoom


def _quantile(values: np.ndarray, share: float) -> np.float32:
    """Return the value among (n,) that this share of them lie below."""
    place = int(share * (len(values) - 1))
    return np.partition(values, place)[place]


def _means(flow: np.ndarray, weight: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Return weighted means of a box's flow (2, h, w) and of its thirds' from top to bottom, and its divergence."""
    thirds = np.linspace(0, len(weight), 4).round().astype(int)
    weighted = (flow * weight).sum(axis=2, dtype=np.float64)
    by_row = weight.sum(axis=1, dtype=np.float64)
    parts = [slice(None), *(slice(a, b) for a, b in pairwise(thirds))]
    means = [weighted[:, part].sum(axis=1) / max(by_row[part].sum(), _TINY) for part in parts]
    middle = (arm * weight).sum(axis=(1, 2), dtype=np.float64) / max(by_row.sum(), _TINY)
    arm = arm - middle[:, None, None].astype(np.float32)
    spread = (weight * (arm**2).sum(axis=0)).sum(dtype=np.float64)
    divergence = (weight * (flow * arm).sum(axis=0)).sum(dtype=np.float64) / max(spread, _TINY)
    return np.array([*np.concatenate(means), divergence])
