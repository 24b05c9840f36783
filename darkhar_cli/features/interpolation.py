"""Features read between frames."""

import numpy as np


def frames_for(positions: np.ndarray) -> np.ndarray:
    """Return the frames (n,) int64 that reading at these positions takes."""
    if positions.dtype.kind == "i":
        return positions.astype(np.int64)
    return np.union1d(np.floor(positions), np.ceil(positions)).astype(np.int64)


def between(features: np.ndarray, frames: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Return features (T, F) at positions (T,) between the frames (n,) whose features (n, F) are known."""
    low = np.floor(positions).astype(np.int64)
    part = (positions - low).astype(np.float32)[:, None]
    below, above = (np.searchsorted(frames, at) for at in (low, np.ceil(positions).astype(np.int64)))
    return features[below] * (1 - part) + features[above] * part
