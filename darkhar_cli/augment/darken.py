"""Training clips beside which darker and noisier copies stand."""

from typing import Any

from darkhar_cli.augment.contract import Augmentation, bounds
from darkhar_cli.darkening import Darkening
from darkhar_cli.registry import register


@register("augment", "darken")
class Darken(Augmentation):
    """Each clip has so many darkened copies, drawn once by its content, so that their features are computed once."""

    def __init__(self, brightness: Any = (0.35, 0.9), noise: Any = (0.0, 3.0), copies: int = 2):
        self.brightness, self.noise, self.outcomes = bounds(brightness), bounds(noise), copies + 1

    def darkening(self, outcome: int, seed: int) -> Darkening | None:
        """Return one copy's darkening; the first outcome is the clip as it is."""
        return Darkening(self.brightness, self.noise, seed, outcome) if outcome else None
