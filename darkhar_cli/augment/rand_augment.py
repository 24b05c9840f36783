"""RandAugment (Cubuk et al., 2020): a few of ten changes, of one strength."""

from typing import Any

import numpy as np

from darkhar_cli.augment.clip_layers import ClipLayers
from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.registry import register


@register("augment", "rand_augment")
class RandAugment(Augmentation):
    """`keras_cv.layers.RandAugment`: contrast, histogram, solarised, colour, brightness, shear, shift; as drawn."""

    scope = "frames"

    def __init__(
        self,
        augmentations: int = 2,
        magnitude: float = 0.3,
        deviation: float = 0.15,
        rate: float = 0.91,
        geometric: bool = True,
    ):
        def make(height: int, width: int) -> list[Any]:
            import keras_cv

            return [
                keras_cv.layers.RandAugment(
                    (0, 255), augmentations, magnitude, deviation, rate, geometric=geometric, seed=1
                )
            ]

        self._layers = ClipLayers(make)

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3), all after the same changes."""
        return self._layers(frames, draw)
