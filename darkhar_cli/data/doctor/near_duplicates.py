"""Takes that show the same: copies encoded again, darkened, scaled or cut at an end, found by how brightness moves.

A clip's signature is the log brightness of thumbnails at evenly spaced moments, less each pixel's mean over time: what
moves, wherever the clip was filmed and however bright it is. Two clips are near-duplicates where both that and their
mean pictures' edges agree. A copy that begins or ends elsewhere by much is not found.

Measured on real dark clips of two recordings (26, 18 of them of one): takes of one recording reach 0.47; of six clips,
copies at half size reach at least 0.99, with gamma 0.4 0.97, two frames shorter 0.86, half as bright with noise 0.82.
"""

from collections.abc import Sequence

import numpy as np

from darkhar_cli.data.background_similarity import blocks

ALIKE = 0.8  # least correlation of movement, and of mean pictures
_STILL = 0.004  # standard deviation of log brightness over time below which there is no movement to compare

_FLAT = 0.003  # the same of a mean picture


def pairs(signatures: Sequence[np.ndarray]) -> list[tuple[int, int, float]]:
    """Return pairs of near-duplicates (first, second, correlation), in order.

    Args:
        signatures: (N, moments, H, W) log brightness.
    """
    if len(signatures) < 2:
        return []
    levels = np.stack(list(signatures)).astype(np.float32)
    count = len(levels)
    pictures = levels.mean(axis=1)
    moving = levels - pictures[:, None]
    moving -= moving.mean(axis=(2, 3), keepdims=True)  # not the lamp that flickers
    moves, looks = _units(moving.reshape(count, -1), _STILL), _units(_edges(pictures).reshape(count, -1), _FLAT)
    found = []
    for rows in blocks(count):
        both = np.minimum(moves[rows] @ moves.T, looks[rows] @ looks.T)
        for i, j in zip(*np.nonzero(both >= ALIKE), strict=True):
            first = rows.start + int(i)
            if first < j:
                found.append((first, int(j), float(both[i, j])))
    return found


def _edges(pictures: np.ndarray) -> np.ndarray:
    """Return pictures less their own mean in each row and column: no vignette, no overall brightness."""
    centred = pictures - pictures.mean(axis=2, keepdims=True)
    return centred - centred.mean(axis=1, keepdims=True)


def _units(values: np.ndarray, least: float) -> np.ndarray:
    """Return vectors (N, F) of length one whose products are correlations; zeros where there is too little to see."""
    values = values - values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    scaled = values / np.where(spread > 0, spread, 1) / np.sqrt(values.shape[1])
    return np.where(spread > least, scaled, 0).astype(np.float32)
