"""Channels that are larger or smaller than they are."""

import numpy as np

from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.registry import register


@register("augment", "gain")
class Gain(Augmentation):
    """Each channel of each clip is multiplied by exp(N(0, sigma))."""

    scope = "timeline"

    def __init__(self, sigma: float = 0.2):
        self.sigma = sigma

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return features (T, F), each channel with its own factor."""
        factors = np.exp(self.sigma * draw.normal(features.shape[1:]))
        return features * factors.astype(np.float32)
