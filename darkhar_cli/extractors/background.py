"""What does not move: the median frame of a clip."""

import cv2
import numpy as np

from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.registry import register

_FRAMES = 16  # evenly spaced frames that the median is taken of


@register("extractor")
def background(width: int = 20, height: int = 15) -> Extractor:
    """The median frame of a whole clip as a grey thumbnail, F = width x height, 0..1, the same for every frame."""

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        picked = np.linspace(0, len(frames) - 1, min(_FRAMES, len(frames))).round().astype(int)
        grey = [cv2.cvtColor(frames[i], cv2.COLOR_RGB2GRAY) for i in picked]
        median = np.median(np.stack(grey), axis=0).astype(np.float32) / 255
        small = cv2.resize(median, (width, height), interpolation=cv2.INTER_AREA)
        return np.repeat(small.reshape(1, -1), len(frames), axis=0)

    return Extractor(
        "background", width * height, None, function=extract, weights_hash="none", scope="clip", runtime="opencv"
    )
