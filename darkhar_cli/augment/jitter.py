"""Clips of another brightness, contrast and colour."""

from typing import Any

import numpy as np

from darkhar_cli.augment.clip_layers import ClipLayers
from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.registry import register


@register("augment", "jitter")
class Jitter(Augmentation):
    """Brightness, contrast, saturation: `keras_cv.layers.RandomBrightness`, `RandomContrast`, `RandomSaturation`."""

    scope = "frames"

    def __init__(self, brightness: float = 0.1, contrast: float = 0.3, saturation: float = 0.1):
        def make(height: int, width: int) -> list[Any]:
            import keras_cv.layers as layers

            return [
                layers.RandomBrightness(float(brightness), (0, 255), seed=1),
                layers.RandomContrast((0, 255), float(contrast), seed=1),
                layers.RandomSaturation((0.5 - saturation, 0.5 + saturation), seed=1),
            ]

        self._layers = ClipLayers(make)

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3), all with the same shift, factor and saturation."""
        return self._layers(frames, draw)
