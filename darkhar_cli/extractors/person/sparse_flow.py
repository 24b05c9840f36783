"""Sparse optical flow: what the camera does, and how the person moves against it.

Corners (Shi and Tomasi 1994) followed by pyramidal Lucas-Kanade (Bouguet 2001); the camera is the partial affine
motion of those outside the person's box.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from darkhar_cli.extractors.person.flow_input import boxes, luma, pixels, widened

_LONGEST, _BLUR, _MARGIN = 320, 1.0, 0.15
_QUALITY = 0.01
_OUTSIDE, _INSIDE = (80, 6), (60, 4)  # most corners, pixels between them
_RIM = 8  # pixels around a mask that its corners' strength can depend on, and more
_WINDOW, _LEVELS = (15, 15), 2
_INLIERS, _REPROJECTION = 6, 1.0  # at least so many, within so many pixels


def sparse_flow(frames: Iterable[np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the camera's and the person's motion between frames.

    Args:
        frames: (T, H, W, 3) uint8.
        points: (T, 17, 3) keypoints: x, y in frame heights, and score.

    Returns:
        Camera (T - 1, 3): dx, dy of what is at rest, at the frame's centre, in frame heights, and log zoom.
        Person (T - 1, 5), less dx and dy: median u, v, median and 90th percentile of the length, in frame heights, and
        the divergence.
    """
    camera, person, before = [], [], ()
    for frame, box in zip(frames, widened(boxes(points), _MARGIN), strict=True):
        image = luma(frame, _LONGEST, _BLUR)
        if before:
            start, end, inside = _followed(*before, image)
            camera.append(_camera(start[~inside], end[~inside], image.shape))
            person.append(_residual(start[inside], end[inside], camera[-1], image.shape))
        before = image, box
    return np.reshape(camera, (-1, 3)), np.reshape(person, (-1, 5))


def _followed(before: np.ndarray, box: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where corners of an image were (n, 2), where they are in the next (n, 2), and which lay in the box."""
    mask = np.zeros(before.shape, np.uint8)
    mask[pixels(box, before.shape)] = 255
    outside, inside = _corners(before, 255 - mask, *_OUTSIDE), _corners(before, mask, *_INSIDE)
    start = np.concatenate([outside, inside])
    if not len(start):
        return start, start, np.zeros(0, bool)
    end, found, _ = cv2.calcOpticalFlowPyrLK(before, image, start, None, winSize=_WINDOW, maxLevel=_LEVELS)
    found = found.reshape(-1) == 1
    return start[found], end[found], (np.arange(len(start)) >= len(outside))[found]


def _corners(image: np.ndarray, mask: np.ndarray, most: int, apart: int) -> np.ndarray:
    """Return the corners (n, 2) of an image where the mask is set; only that part of it is searched."""
    left, top, width, height = cv2.boundingRect(mask)
    top, left, bottom, right = max(0, top - _RIM), max(0, left - _RIM), top + height + _RIM, left + width + _RIM
    part = slice(top, bottom), slice(left, right)
    found = cv2.goodFeaturesToTrack(image[part], most, _QUALITY, apart, mask=mask[part])
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2) + np.array([left, top], np.float32)


def _camera(start: np.ndarray, end: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return dx, dy at the frame's centre, in frame heights, and log zoom; zeros where too few points agree."""
    still = np.zeros(3)
    if len(start) < _INLIERS:
        return still
    matrix, agree = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION)
    if matrix is None or agree.sum() < _INLIERS:
        return still
    zoom = np.hypot(matrix[0, 0], matrix[1, 0])
    centre = (np.array(shape[::-1]) - 1) / 2
    moved = matrix[:, :2] @ centre + matrix[:, 2] - centre
    found = np.array([*moved / shape[0], np.log(max(zoom, 1e-6))])
    return found if np.isfinite(found).all() else still


def _residual(start: np.ndarray, end: np.ndarray, camera: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return median u, v, median and 90th percentile of the length, and divergence; zeros without points."""
    if not len(start):
        return np.zeros(5)
    flow = (end.astype(np.float64) - start) / shape[0] - camera[:2]
    arm = start.astype(np.float64) / shape[0]
    arm -= arm.mean(axis=0)
    length = np.hypot(*flow.T)
    divergence = (flow * arm).sum() / ((arm**2).sum() + 1e-3)
    return np.array([*np.median(flow, axis=0), np.median(length), np.percentile(length, 90), divergence])
