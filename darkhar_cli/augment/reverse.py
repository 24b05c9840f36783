"""Clips played backwards."""

import numpy as np

from darkhar_cli.augment.contract import Augmentation, Draw, Reversals
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.registry import register


@register("augment", "reverse")
class Reverse(Augmentation):
    """Half of the clips are played backwards, and take the label that `dataset.reverse` gives for that."""

    outcomes = 2
    needs_symmetry = ("clip",)  # what is seen in one frame alone is the same backwards

    def label(self, label: int, outcome: int, reversals: Reversals | None) -> int | None:
        """Return the class of the reversed clip; None where the data set has none.

        Raises:
            BadRequest: the data set does not give what its classes show backwards.
        """
        if reversals is None:
            raise BadRequest(
                "augment=reverse: nothing says what the classes of this data set show backwards; give "
                "dataset.reverse={Sit: Stand, Stand: Sit} (classes not named keep their label, null excludes one)"
            )
        return reversals.get(label, label) if outcome else label

    def backwards(self, outcome: int) -> bool:
        """Return whether the clip is played backwards."""
        return bool(outcome)

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return features (T, F) backwards; velocities change their sign."""
        if not outcome:
            return features
        return symmetry.turned_back(features) if symmetry else features[::-1]

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3) backwards."""
        return frames[::-1] if outcome else frames
