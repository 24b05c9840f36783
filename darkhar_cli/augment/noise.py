"""Channels with noise."""

import numpy as np

from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.registry import register


@register("augment", "noise")
class Noise(Augmentation):
    """Gaussian noise on every step of every channel, in shares of the channel's deviation over the clip."""

    scope = "timeline"

    def __init__(self, sigma: float = 0.1):
        self.sigma = sigma

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return features (T, F) plus noise."""
        noise = self.sigma * draw.normal(features.shape) * features.std(axis=0, dtype=np.float64)
        return features + noise.astype(np.float32)
