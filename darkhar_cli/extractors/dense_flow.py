"""Dense optical flow (DIS, Kroeger et al. 2016) of the person, less what the camera does."""

from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np

from darkhar_cli.extractors.flow_input import boxes, luma, pixels, widened
from darkhar_cli.extractors.smoothing import running_median

_LONGEST, _BLUR, _MARGIN = 160, 0.8, 0.12
_BOX_FRAMES = 7
_BACKGROUND = 60  # percentile of the gradient above which background counts
_FITS, _KEPT = 2, 70  # percent kept after the first fit
_LEAST_PIXELS = 50


def dense_flow(frames: Iterable[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Return the person's motion between frames, weighted by the image's gradient, in frame heights.

    Args:
        frames: (T, H, W, 3) uint8.
        points: (T, 17, 3) keypoints: x, y in frame heights, and score.

    Returns:
        (T - 1, 9): u, v of the whole box and of its upper, middle and lower third, and the divergence.
    """
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)  # serves one thread at a time
    found, before = [], ()
    for frame, box in zip(frames, widened(running_median(boxes(points), _BOX_FRAMES), _MARGIN), strict=True):
        image = luma(frame, _LONGEST, _BLUR)
        if before:
            flow = dis.calc(before[0], image, None) / np.float32(image.shape[0])
            found.append(_motion(flow, *before))
        before = image, box
    return np.reshape(found, (-1, 9))


def _motion(flow: np.ndarray, image: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Return the nine numbers of a flow field (h, w, 2) from an image (h, w)."""
    height, width = image.shape
    gradient = cv2.magnitude(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    arm = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=-1) / np.float32(height)
    rows, columns = pixels(box, image.shape)
    outside = np.ones(image.shape, bool)
    outside[rows, columns] = False
    shift, zoom = fit_camera(flow, arm, gradient, outside)
    own = flow[rows, columns] - shift - zoom * arm[rows, columns]
    return _means(own.astype(np.float64), gradient[rows, columns].astype(np.float64), arm[rows, columns])


def fit_camera(
    flow: np.ndarray, arm: np.ndarray, gradient: np.ndarray, outside: np.ndarray
) -> tuple[np.ndarray, np.float32]:
    """Return the translation (2,) and the zoom about the centre that most of the background follows.

    Args:
        flow: (h, w, 2) in frame heights.
        arm: (h, w, 2) from the frame's centre, in frame heights.
        gradient: (h, w) of the image.
        outside: (h, w) where the person is not.
    """
    shift, zoom = np.zeros(2, np.float32), np.float32(0)
    if np.count_nonzero(outside) < _LEAST_PIXELS:
        return shift, zoom
    used = outside & (gradient > np.percentile(gradient[outside], _BACKGROUND))
    flow, arm = flow[used], arm[used]
    for _ in range(_FITS):
        if len(flow) < _LEAST_PIXELS:
            break
        shift = np.median(flow - zoom * arm, axis=0)
        zoom += np.median(((flow - shift - zoom * arm) * arm).sum(axis=1) / np.maximum((arm**2).sum(axis=1), 1e-6))
        error = ((flow - shift - zoom * arm) ** 2).sum(axis=1)
        kept = error <= np.percentile(error, _KEPT)
        flow, arm = flow[kept], arm[kept]
    return shift, zoom


def _means(flow: np.ndarray, weight: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Return weighted means (2,) of the box and of its thirds, and the weighted divergence, of a box's flow."""
    found = [_mean(flow, weight)]
    third = np.linspace(0, len(flow), 4).round().astype(int)
    found += [_mean(flow[a:b], weight[a:b]) for a, b in pairwise(third)]
    arm = arm - _mean(arm, weight)
    spread = (weight * (arm**2).sum(axis=-1)).sum()
    turned = (weight * (flow * arm).sum(axis=-1)).sum()
    return np.array([*np.concatenate(found), turned / spread if spread > 1e-6 else 0.0])


def _mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    total = weight.sum()
    return (values * weight[..., None]).sum(axis=(0, 1)) / total if total > 1e-6 else np.zeros(2)
