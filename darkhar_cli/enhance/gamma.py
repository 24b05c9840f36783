"""Gamma correction (gamma intensity correction in the field's papers)."""

from typing import Any

import numpy as np
from keras import ops

from darkhar_cli.enhance import levels
from darkhar_cli.registry import register


def gamma_on_host(frames: np.ndarray, gamma: float = 0.4) -> np.ndarray:
    """Return what `gamma` does as float32 (N, H, W, 3): uint8 frames through a table, float ones by a power."""
    return levels.power(frames, np.array([gamma]))


@register("enhance", "gamma", host=gamma_on_host)
def gamma(frames: Any, gamma: float = 0.4) -> Any:
    """Return `255 (v / 255) ** gamma` of frames (N, H, W, 3) float32 0..255; an exponent below 1 brightens.

    ARID and DarkLight write the same correction with 1 / gamma (2.5 there is 0.4 here).
    """
    return 255.0 * ops.power(frames / 255.0, gamma)
