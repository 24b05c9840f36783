"""How much changes from frame to frame, and nothing of where or what."""

import numpy as np

from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.motion import luma_changes, mean_change
from darkhar_cli.registry import register


@register("extractor")
def motion() -> Extractor:
    """Mean and deviation of the luma difference to the frame before, F = 2, 0..1; the first repeats the second."""

    def extract(frames: np.ndarray, fps: float = 30.0) -> np.ndarray:
        found = [(mean_change(c), (c.astype(np.float32) / 255).std()) for c in luma_changes(frames)]
        return np.array([found[0] if found else (0, 0), *found], np.float32)

    channels = ("mean", "std")
    return Extractor(
        "motion", 2, None, function=extract, weights_hash="none", channels=channels, scope="clip", runtime="opencv"
    )
