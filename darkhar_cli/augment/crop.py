"""Clips seen in part."""

from typing import Any

import numpy as np

from darkhar_cli.augment.clip_layers import ClipLayers
from darkhar_cli.augment.contract import Augmentation, Draw, bounds
from darkhar_cli.registry import register


@register("augment", "crop")
class Crop(Augmentation):
    """A part of the frames at their size: `keras_cv.layers.RandomCropAndResize` (Szegedy et al., 2015)."""

    scope = "frames"

    def __init__(self, area: Any = (0.6, 1.0), aspect: Any = (0.75, 1.33)):
        area, aspect = bounds(area, "augment.crop.area"), bounds(aspect, "augment.crop.aspect")

        def make(height: int, width: int) -> list[Any]:
            import keras_cv

            return [keras_cv.layers.RandomCropAndResize((height, width), area, aspect, seed=1)]

        self._layers = ClipLayers(make)

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3), all cut to the same part and resized."""
        return self._layers(frames, draw)
