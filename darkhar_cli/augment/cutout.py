"""Clips of which a part is hidden."""

from typing import Any

import numpy as np

from darkhar_cli.augment.clip_layers import ClipLayers
from darkhar_cli.augment.contract import Augmentation, Draw, bounds
from darkhar_cli.registry import register


@register("augment", "cutout")
class Cutout(Augmentation):
    """A rectangle in all frames of one grey level: `keras_cv.layers.RandomCutout` (DeVries and Taylor, 2017)."""

    scope = "frames"

    def __init__(self, height: Any = (0.1, 0.4), width: Any = (0.1, 0.4), level: float = 0.0):
        height, width = bounds(height, "augment.cutout.height"), bounds(width, "augment.cutout.width")

        def make(rows: int, columns: int) -> list[Any]:
            import keras_cv

            return [keras_cv.layers.RandomCutout(height, width, fill_value=float(level), seed=1)]

        self._layers = ClipLayers(make)

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3), all with the same rectangle hidden."""
        return self._layers(frames, draw)
