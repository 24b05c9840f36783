"""Which videos are predicted whole, and how the others are cut into windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from darkhar_cli.prediction.input_range import InputRange

_LARGEST = 1 << 28  # bytes of a file that is read whole where nothing says how long it is
_LONG = 2.0  # times the longest training clip: longer videos are predicted in windows
_USUAL_S, _LONG_S = 3.0, 10.0  # a window, and what is long, where the training clips' lengths are not known


@dataclass(frozen=True)
class Windowing:
    """How videos are cut.

    Attributes:
        window: seconds; None: windows only for what is long, as long as training clips usually are; 0: never.
        stride: seconds from window to window; None: half a window.
    """

    window: float | None = None
    stride: float | None = None

    def sizes(self, known: InputRange) -> tuple[float, float]:
        """Return window and stride in seconds."""
        usual = round(known.seconds[1], 1) if known.seconds else _USUAL_S
        window = self.window or max(usual, 0.1)
        return window, self.stride or window / 2

    def whole(self, seconds: float, size: int, known: InputRange) -> bool:
        """Whether a file of so many seconds (0: unknown) and bytes is one clip."""
        if self.window is not None:
            return self.window == 0
        longest = _LONG * known.seconds[2] if known.seconds else _LONG_S
        return seconds <= longest if seconds else size <= _LARGEST
