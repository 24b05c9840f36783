"""What every classifier is: `builder(timeline, n_classes, **parameters)` -> a Keras model (a head).

The model takes features (B, T, F) float32 and mask (B, T) bool, true for real steps (they come first, padding is
zeros), and gives logits (B, K) float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from darkhar_cli.errors import BadRequest, nearest


@dataclass(frozen=True)
class Timeline:
    """What a classifier is given.

    Attributes:
        features: F.
        channels: names of the F features, where they have any.
        fps: steps a second, where they are evenly spaced in time.
    """

    features: int
    channels: tuple[str, ...] = ()
    fps: float | None = None

    def index(self, names: Sequence[str], what: str) -> list[int]:
        """Return where the named channels stand among the features.

        Args:
            names: of channels.
            what: the parameter that names them, for the error.

        Raises:
            BadRequest: the features have no names, or no such name.
        """
        for name in names:
            if not self.channels:
                raise BadRequest(f"{what} names {name!r}, but this extractor's features have no names; give {what}=all")
            if name not in self.channels:
                close = nearest(name, self.channels)
                raise BadRequest(f"{what}: no channel {name!r}; there are {', '.join(self.channels)}{close}")
        return [self.channels.index(name) for name in names]


class Classifier(Protocol):
    """What is registered as a classifier: builds its Keras model.

    Example: `lstm(Timeline(features=34), n_classes=6, units=32)` is a model of `features` (B, T, 34) and `mask` (B, T).
    """

    def __call__(self, timeline: Timeline, n_classes: int, **parameters: Any) -> Any:
        """Return a Keras model, features (B, T, F) float32 and mask (B, T) bool -> logits (B, K) float32.

        Raises:
            BadRequest: parameters that do not fit the timeline or each other.
        """
