"""How much changes from frame to frame, and nothing of where or what."""

import cv2
import numpy as np

from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.registry import register


@register("extractor")
def motion() -> Extractor:
    """Mean and deviation of the luma difference to the frame before, F = 2, 0..1; the first repeats the second."""

    def extract(frames: np.ndarray, fps: float = 30.0) -> np.ndarray:
        found, before = [], None
        for frame in frames:
            grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            if before is not None:
                change = cv2.absdiff(grey, before).astype(np.float32) / 255
                found.append((change.mean(), change.std()))
            before = grey
        return np.array([found[0] if found else (0, 0), *found], np.float32)

    channels = ("mean", "std")
    return Extractor(
        "motion", 2, None, function=extract, weights_hash="none", channels=channels, scope="clip", runtime="opencv"
    )
