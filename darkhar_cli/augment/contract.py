"""What every augmentation is: a way a training clip may turn out other than it is. Scoring never sees any.

Every draw is a hash of (seed, epoch, clip, augmentation), so all streams of a clip turn out alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.randomness import key_of, mix

Reversals = Mapping[int, int | None]  # class -> what it shows backwards, None where nothing in the data set


@dataclass(frozen=True)
class Draw:
    """The random numbers of one augmentation of one clip in one epoch."""

    seed: int
    epoch: int
    clip: str

    def uniform(self, shape: tuple[int, ...] = (), what: str = "") -> np.ndarray:
        """Return numbers (`shape`) float64 in (0, 1); `what` distinguishes several of them."""
        key = np.uint32(key_of(self.seed, self.epoch, f"{what}/{self.clip}"))
        count = int(np.prod(shape))
        hashed = mix(np, np.bitwise_xor(np.arange(count, dtype=np.uint32), mix(np, key)))
        return ((hashed + 0.5) / 2.0**32).reshape(shape)

    def normal(self, shape: tuple[int, ...] = (), what: str = "") -> np.ndarray:
        """Return standard normal numbers (`shape`) float64 (Box and Muller, 1958)."""
        radius = np.sqrt(-2 * np.log(self.uniform(shape, f"radius {what}")))
        return radius * np.cos(2 * np.pi * self.uniform(shape, f"angle {what}"))


class Augmentation:
    """Changes training clips.

    Attributes:
        outcomes: in how many ways a clip may turn out, the first being as it is; 0 where they cannot be counted.
        scope: `any`; `timeline`: features alone can be changed; `frames`: frames alone.
        needs_symmetry: scopes of extractors whose features it can only change by a symmetry that they know.
    """

    outcomes = 0
    scope = "any"
    needs_symmetry: tuple[str, ...] = ()

    def choose(self, draw: Draw) -> int:
        """Return one outcome at random."""
        return int(draw.uniform(what="outcome") * self.outcomes) if self.outcomes else 0

    def label(self, label: int, outcome: int, reversals: Reversals | None) -> int | None:
        """Return what a clip of a class shows then; None: this outcome is not possible for it."""
        return label

    def darkening(self, outcome: int) -> Darkening | None:
        """Return how the clip is darkened before its frames are enhanced."""
        return None

    def backwards(self, outcome: int) -> bool:
        """Return whether time runs backwards then: step channels are then read at their other end, see `timeline`."""
        return False

    def timeline(self, features: np.ndarray, symmetry: Symmetry | None, outcome: int, draw: Draw) -> np.ndarray:
        """Return a clip's features (T, F) float32 as they turn out.

        Where a clip turns out backwards, the steps of its features lead away from frames (`Symmetry.steps_away`) before
        the first augmentation changes them: at sampled frames nothing could be shifted any more.
        """
        return features

    def frames(self, frames: np.ndarray, outcome: int, draw: Draw) -> np.ndarray:
        """Return a clip's enhanced and resized frames (T, h, w, 3) float32 0..255 as they turn out."""
        return frames


class AugmentationBuilder(Protocol):
    """What is registered as an augmentation: `Augmentation`'s class, or a function that returns one."""

    def __call__(self, **parameters: Any) -> Augmentation:
        """Return the augmentation, e.g. `noise(deviation=0.1)`."""


def bounds(given: Any, what: str) -> tuple[float, float]:
    """Read a range from a yaml: one number, or the lowest and the highest.

    Raises:
        BadRequest: the lowest is above the highest; `what` is named.
    """
    low, high = given if isinstance(given, list | tuple) else (given, given)
    if low > high:
        raise BadRequest(f"{what}={list(given)}: give the lowest first, [{high}, {low}]")
    return float(low), float(high)
