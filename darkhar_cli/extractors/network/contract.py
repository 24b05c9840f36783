"""What a file of a network is to the extractors, whatever its format and what runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Shape = tuple[int | None, ...]
Run = Callable[[np.ndarray], np.ndarray]  # safe in threads
LAST_POOLED = "last_pooled"


@dataclass(frozen=True)
class Port:
    """An input or output of a network: its name, its shape (None: any), and NumPy's name of its numbers' type."""

    name: str
    shape: Shape
    dtype: str = "float32"

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name!r} {self.dtype} ({sizes})"


@dataclass(frozen=True)
class Said:
    """What a file says of the frames that its network takes; None: nothing.

    Attributes:
        layout: of its input's axes, as `NCTHW`.
        channels: `rgb` or `bgr`.
        range: what 0..255 becomes, (low, high).
        mean, std: of each channel, in that range.
    """

    layout: str | None = None
    channels: str | None = None
    range: tuple[float, float] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None


class NetworkFile(Protocol):
    """A network read from a file; nothing is compiled yet.

    Attributes:
        format: as a person calls it.
        runtime: what runs it: `openvino`, `litert` or `keras`.
        given: its one input.
        outputs: by what name each can be asked for.
        said: of its input.
    """

    format: str
    runtime: str
    given: Port
    outputs: tuple[Port, ...]
    said: Said

    def ready(self, shape: tuple[int, ...], output: str | None) -> tuple[Run, Shape]:
        """Return what runs the network on arrays of one shape, compiled at the first, and its output's shape.

        Args:
            shape: of the input, the batch included.
            output: the name of an output or of something inside; `last_pooled`: what the last dense layer takes; None:
                the only output.

        Raises:
            BadRequest: no such output, several where none is named, or the network does not take this shape.
        """
