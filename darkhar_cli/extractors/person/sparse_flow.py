"""Sparse optical flow: what the camera does, and how the person moves against it.

Corners (Shi and Tomasi 1994) followed by pyramidal Lucas-Kanade (Bouguet 2001); the camera is the partial affine
motion of those outside the person's box.
"""

from collections.abc import Iterable

import cv2
import numpy as np

from darkhar_cli.extractors.person.flow_input import luma, pixels, widened

_LONGEST, _BLUR, _MARGIN = 320, 1.0, 0.15
_QUALITY = 0.01
_OUTSIDE, _INSIDE = (80, 6), (60, 4)  # most corners, pixels between them
_RIM = 8  # pixels around a mask that its corners' strength can depend on, and more
_WINDOW, _LEVELS = (15, 15), 2
_INLIERS, _REPROJECTION = 6, 1.0  # at least so many, within so many pixels
_ALL_OVER = (100, _QUALITY, 5)  # most corners of a whole frame, their quality, pixels between them
_GRID, _CELLS = (4, 3), 6  # columns and rows of a frame, and in how many of these cells corners must agree


def sparse_flow(frames: Iterable[np.ndarray], box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the camera's and the person's motion between frames.

    Args:
        frames: (T, H, W, 3) uint8.
        box: (T, 4) left, top, right, bottom of the person, in frame heights.

    Returns:
        Camera (T - 1, 3): dx, dy of what is at rest, at the frame's centre, in frame heights, and log zoom.
        Person (T - 1, 5), less dx and dy: median u, v, median and 90th percentile of the length, in frame heights, and
        the divergence.
    """
    camera, person, before = [], [], ()
    for frame, around in zip(frames, widened(box, _MARGIN), strict=True):
        image = luma(frame, _LONGEST, _BLUR)
        if before:
            start, end, inside = _followed(*before, image)
            camera.append(_camera(start[~inside], end[~inside], image.shape))
            person.append(_residual(start[inside], end[inside], camera[-1], image.shape))
        before = image, around
    return np.reshape(camera, (-1, 3)), np.reshape(person, (-1, 5))


def agreed_motion(before: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return the motion between two luma images (h, w) uint8 that corners all over the frame agree on.

    (3,): dx, dy at the frame's centre, in frame heights, and log zoom; zeros where those that agree do not reach
    across the frame, for then it may be a person's motion before a dark scene.
    """
    start = cv2.goodFeaturesToTrack(before, *_ALL_OVER)
    if start is None or len(start) < _INLIERS:
        return np.zeros(3)
    end, followed, _ = cv2.calcOpticalFlowPyrLK(before, image, start, None, winSize=_WINDOW, maxLevel=_LEVELS)
    followed = followed.reshape(-1) == 1
    return _camera(start[followed, 0], end[followed, 0], image.shape, _CELLS)


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


def _camera(start: np.ndarray, end: np.ndarray, shape: tuple[int, int], cells: int = 0) -> np.ndarray:
    """Return dx, dy at the frame's centre, in frame heights, and log zoom; zeros where too few points agree.

    Those that agree must lie in at least so many `cells` of the frame.
    """
    still = np.zeros(3)
    if len(start) < _INLIERS:
        return still
    matrix, agree = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=_REPROJECTION)
    if matrix is None or agree.sum() < _INLIERS or (cells and _cells(start[agree[:, 0] == 1], shape) < cells):
        return still
    zoom = np.hypot(matrix[0, 0], matrix[1, 0])
    centre = (np.array(shape[::-1]) - 1) / 2
    moved = matrix[:, :2] @ centre + matrix[:, 2] - centre
    found = np.array([*moved / shape[0], np.log(max(zoom, 1e-6))])
    return found if np.isfinite(found).all() else still


def _cells(points: np.ndarray, shape: tuple[int, int]) -> int:
    """Return in how many cells of a frame (h, w) points (n, 2) in pixels lie."""
    cell = np.clip(points / shape[::-1] * _GRID, 0, np.array(_GRID) - 1).astype(int)
    return len(np.unique(cell, axis=0))


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
