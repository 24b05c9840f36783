"""The first look at a network: on two clips, before all others are computed."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from darkhar_cli.errors import FailedWork

Clip = tuple[np.ndarray, float]  # frames (T, H, W, 3) and their rate per second
_SAME = 1e-6  # of the features' size: less than this is no difference


def try_out(
    what: str,
    clips: Sequence[Clip],
    extract: Callable[[np.ndarray, float], np.ndarray],
    count: Callable[[np.ndarray, float], int],
    unit: str,
) -> str:
    """Return in a line how a network did on a few clips: how long it took, and how many of its features vary.

    Args:
        what: the network, in words.
        clips: a few frames of each.
        extract: frames and rate -> features (T, F).
        count: frames and rate -> how many windows or frames of them the network is run on.
        unit: `window` or `frame`.

    Raises:
        FailedWork: features are not finite, or are the same for clips that are not.
    """
    extract(*clips[0])  # the first call compiles
    before = time.perf_counter()
    found = [extract(*clip) for clip in clips]
    took = (time.perf_counter() - before) / sum(count(*clip) for clip in clips)
    features = np.concatenate(found)
    if not np.isfinite(features).all():
        raise FailedWork(
            f"{what} gives features that are not finite ({np.isnan(features).mean():.0%} not a number): check "
            "extractor.range, extractor.mean and extractor.std"
        )
    varying = features.std(axis=0) > _SAME * max(float(np.abs(features).max()), 1e-30)
    frames = [clip.astype(np.float32) for clip, _ in clips]
    if not varying.any() and _differ(frames):
        raise FailedWork(
            f"{what} gives the same features for clips that differ: check extractor.range, extractor.mean, "
            "extractor.std, extractor.layout and extractor.output"
        )
    size = f"{varying.sum()} of {features.shape[1]} features vary over {len(clips)} clips"
    return f"{what}: {1000 * took:.3g} ms a {unit}, {size}"


def _differ(clips: Sequence[np.ndarray]) -> bool:
    """Return whether anything is to be seen in clips, or sets them apart."""
    means = [float(clip.mean()) for clip in clips]
    return any(float(clip.std()) > 1.0 for clip in clips) or max(means) - min(means) > 1.0
