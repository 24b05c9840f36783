"""Filters over time, the same forwards and backwards: first axes are T frames, or T - 1 steps between frames.

What is beyond both ends is the signal reflected about them (scipy's and NumPy's `reflect` / `symmetric`).
"""

import numpy as np


def gaussian(signal: np.ndarray, sigma: float) -> np.ndarray:
    """Return a signal (T, ...) smoothed over time by a Gaussian, cut off at 4 sigma."""
    radius = int(4 * sigma + 0.5)
    return _weighted(signal, np.arange(-radius, radius + 1), sigma, radius)


def gaussian_at_frames(steps: np.ndarray, sigma: float) -> np.ndarray:
    """Return steps between frames (T - 1, ...) smoothed by a Gaussian that is centred on each frame, (T, ...)."""
    if not len(steps):
        return np.zeros((1, *steps.shape[1:]))
    radius = int(4 * sigma + 0.5)
    return _weighted(steps, np.arange(-radius, radius) + 0.5, sigma, radius)


def _weighted(signal: np.ndarray, offsets: np.ndarray, sigma: float, radius: int) -> np.ndarray:
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    padded = np.pad(signal, [(radius, radius)] + [(0, 0)] * (signal.ndim - 1), mode="symmetric")
    length = len(padded) - len(weights) + 1
    return sum(w * padded[i : i + length] for i, w in enumerate(weights / weights.sum()))


def running_median(signal: np.ndarray, width: int) -> np.ndarray:
    """Return the median of a signal (T, ...) over `width` (odd) frames around each."""
    half = width // 2
    padded = np.pad(signal, [(half, half)] + [(0, 0)] * (signal.ndim - 1), mode="symmetric")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width, axis=0), axis=-1)


def path(steps: np.ndarray) -> np.ndarray:
    """Return where steps between frames (T - 1, ...) lead, at each frame (T, ...); their start is 0."""
    return np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps, axis=0)])


def at_frames(steps: np.ndarray) -> np.ndarray:
    """Return the step (T - 1, ...) that leads to each frame (T, ...); the first frame takes the second's."""
    return np.concatenate([steps[:1], steps]) if len(steps) else np.zeros((1, *steps.shape[1:]))


def without_trend(signal: np.ndarray) -> np.ndarray:
    """Return a signal (T,) less its least-squares line."""
    time = np.arange(len(signal)) - (len(signal) - 1) / 2
    slope = np.sum(time * signal) / (np.sum(time**2) or 1.0)
    return signal - signal.mean() - slope * time


def median(values: np.ndarray) -> np.ndarray:
    """Return medians (...) of values (..., n), in a third of `np.median`'s time."""
    places = [(values.shape[-1] - 1) // 2, values.shape[-1] // 2]
    return np.partition(values, places, axis=-1)[..., places].mean(axis=-1)
