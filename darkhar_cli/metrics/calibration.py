"""How far probabilities can be believed: calibration error and top-k, from per-clip results alone."""

from collections.abc import Sequence

import numpy as np

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics.statistics import TIE


def calibration_error(
    probabilities: np.ndarray, truth: Sequence[int], bins: int = 15, weights: np.ndarray | None = None
) -> float:
    """Return the expected calibration error of probabilities (N, K) for class indices (N,); nan of no clips.

    Guo et al. 2017, eq. 3: |accuracy - confidence| of the best class in bins ((m-1)/M, m/M], weighted by clips.
    """
    probabilities, truth = np.asarray(probabilities, float), np.asarray(truth)
    if not len(truth):
        return np.nan
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    where = np.clip(np.ceil((confidence * bins).round(TIE)) - 1, 0, bins - 1).astype(int)
    share = np.ones(len(truth)) if weights is None else weights
    return float(np.abs(np.bincount(where, share * (right - confidence))).sum() / share.sum())


def top_k(probabilities: np.ndarray, truth: Sequence[int], k: int, weights: np.ndarray | None = None) -> float:
    """Return the share of clips (N,) whose class is among the k best of (N, K); BadRequest where k is below 1."""
    if k < 1:
        raise BadRequest(f"top-k needs k of 1 or more, not {k}")
    truth = np.asarray(truth)
    best = np.argsort(-np.asarray(probabilities, float), axis=1, kind="stable")[:, :k]  # as argmax: of equals the first
    return float(np.average((best == truth[:, None]).any(axis=1), weights=weights)) if len(truth) else np.nan
