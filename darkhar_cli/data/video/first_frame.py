"""What a clip's first frame says of how it is stored: orientation, pixel format, range of its samples."""

from dataclasses import dataclass

import numpy as np
from av.video.reformatter import ColorRange

from darkhar_cli.data.video.decoding import frames_in_order
from darkhar_cli.data.video.display import display_matrix
from darkhar_cli.data.video.opening import open_video

_BLACK = 16  # the lowest legal sample of limited range


@dataclass(frozen=True)
class StoredAs:
    """How a clip is stored.

    Attributes:
        matrix: of its display (a, b, c, d); (1, 0, 0, 1) where it is shown as it is stored.
        pixels: FFmpeg's name of the pixel format.
        full: whether samples use the full range, 0 to 255.
        below_black: share of luma samples below legal black, where the range is limited and 8 bits.
    """

    matrix: tuple[float, float, float, float]
    pixels: str
    full: bool
    below_black: float

    @property
    def upright(self) -> bool:
        return bool(np.allclose(self.matrix, (1, 0, 0, 1), atol=0.02))


def stored_as(data: bytes) -> StoredAs:
    """Return how a clip is stored.

    Raises:
        ClipError: it cannot be read.
    """
    with open_video(data) as video:
        frame, _ = next(frames_in_order(video, data))
        name = frame.format.name
        full = frame.color_range == ColorRange.JPEG or name.startswith(("yuvj", "rgb", "bgr", "gray", "pal", "gbr"))
        below = 0.0
        if not full and name in ("yuv420p", "yuv422p", "yuv444p", "nv12"):
            plane = frame.planes[0]
            luma = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            below = float((luma < _BLACK).mean())
        return StoredAs(display_matrix(frame), name, full, below)
