"""Training clips with darker and noisier copies beside them."""

from typing import Any

from darkhar_cli.augment.contract import Augmentation, bounds
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.registry import register


@register("augment", "darken")
class Darken(Augmentation):
    """Each clip has so many darkened copies, drawn once by its content, so that their features are computed once."""

    def __init__(self, brightness: Any = (0.35, 0.9), noise: Any = (0.0, 3.0), copies: int = 2):
        self.brightness = bounds(brightness, "augment.darken.brightness")
        self.noise = bounds(noise, "augment.darken.noise")
        self.outcomes = copies + 1

    def darkening(self, outcome: int) -> Darkening | None:
        """Return one copy's darkening; the first outcome is the clip as it is."""
        return Darkening(self.brightness, self.noise, copy=outcome) if outcome else None
