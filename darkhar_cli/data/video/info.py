"""What is known of a clip, and the messages of its faults."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VideoInfo:
    """The facts of a decoded clip.

    Attributes:
        n_frames: as shown, an AVI file's "repeat the last frame" expanded.
        fps: frames per second.
        height: in pixels, as shown.
        width: in pixels, as shown.
        corrupt: frames that the decoder marks as corrupt, or whose packets it cannot decode.
        skippable: leaving out frames that nothing is predicted from gives the others unchanged; tried on this clip.
    """

    n_frames: int
    fps: float
    height: int
    width: int
    corrupt: int = 0
    skippable: bool = False


class ClipError(Exception):
    """A clip that cannot be read; the message is the reason, in words."""


class DamagedClip(ClipError):
    """A clip that can be decoded although parts of it are corrupt; `info` has what there is."""

    def __init__(self, message: str, info: VideoInfo):
        super().__init__(message)
        self.info = info

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.info)  # worker processes hand it over
