"""How bright a frame is, and nothing else."""

import cv2
import numpy as np

from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.registry import register


@register("extractor")
def luma(percentile: float = 95.0) -> Extractor:
    """Mean, standard deviation and a high percentile of each frame's luma (BT.601), F = 3, 0..1."""

    def extract(frames: np.ndarray) -> np.ndarray:
        found = []
        for frame in frames:
            grey = cv2.cvtColor(frame.astype(np.float32), cv2.COLOR_RGB2GRAY) / 255
            found.append((grey.mean(), grey.std(), np.percentile(grey, percentile)))
        return np.array(found, np.float32)

    channels = ("mean", "std", f"p{percentile:g}")
    return Extractor("luma", 3, None, function=extract, weights_hash="none", channels=channels, runtime="opencv")
