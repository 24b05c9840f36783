"""Clips mirrored left to right."""

import numpy as np

from darkhar_cli.augment.contract import Augmentation, Draw
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.registry import register


@register("augment", "mirror")
class Mirror(Augmentation):
    """Half of the clips are mirrored; named channels change by their extractor's symmetry (left and right swap)."""

    outcomes = 2
    needs_symmetry = ("frame", "clip")

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return features (T, F), mirrored by the symmetry of their channels."""
        if not outcome:
            return features
        assert symmetry is not None, "`needs_symmetry`: checked before training"
        return symmetry.mirrored(features)

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3), mirrored."""
        return frames[:, :, ::-1] if outcome else frames
