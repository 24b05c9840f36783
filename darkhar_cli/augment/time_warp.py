"""Clips whose tempo varies."""

import numpy as np

from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.registry import register


@register("augment", "time_warp")
class TimeWarp(Augmentation):
    """Time runs faster and slower along a clip, by a smooth curve; its first and last step stay (Um et al., 2017).

    Channels are read at other times and not scaled, velocities neither.
    """

    scope = "timeline"

    def __init__(self, strength: float = 0.2, knots: int = 4):
        self.strength, self.knots = strength, knots

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return features (T, F) read at warped times: tempi exp(N(0, strength)) at even knots, linear between."""
        steps = len(features)
        if steps < 3:
            return features
        tempi = np.exp(self.strength * draw.normal((self.knots,)))
        pace = np.interp(np.arange(steps - 1), np.linspace(0, steps - 2, self.knots), tempi)
        times = np.concatenate([[0.0], np.cumsum(pace)])
        times *= (steps - 1) / times[-1]
        low = np.minimum(times.astype(int), steps - 2)
        part = (times - low).astype(np.float32)[:, None]
        return features[low] * (1 - part) + features[low + 1] * part
