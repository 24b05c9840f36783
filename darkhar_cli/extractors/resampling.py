"""Clips whose frames come at irregular times, as if as many had come evenly from the first to the last."""

import numpy as np

from darkhar_cli.extractors.person.smoothing import path


def evenly(signal: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return a signal (T, ...), known at times (T,) in seconds, linearly interpolated at T even times."""
    if len(times) < 2:
        return signal
    even = np.linspace(times[0], times[-1], len(times))
    low = np.clip(np.searchsorted(times, even, side="right") - 1, 0, len(times) - 2)
    low[0] = 0  # also where the first frames come at once
    span = times[low + 1] - times[low]
    part = np.where(span > 0, (even - times[low]) / np.where(span > 0, span, 1.0), 1.0)
    part[0] = 0.0
    part = np.clip(part, 0, 1).reshape(-1, *[1] * (signal.ndim - 1))
    return signal[low] * (1 - part) + signal[low + 1] * part


def even_steps(steps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return steps between frames (T - 1, ...) at times (T,) as the steps between even times, (T - 1, ...).

    They lead along the same path: what moves at one speed makes equal steps then.
    """
    return np.diff(evenly(path(steps), times), axis=0)
