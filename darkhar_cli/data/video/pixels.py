"""Stored samples to RGB: rounded to the nearest level, chroma interpolated to every pixel, range and matrix as tagged.

swscale's fast path, and its rounding without these flags, make limited-range 4:2:0 half a level (8 bit) to 1.5 levels
(10 bit) too dark. With them, flat colours lie within 0.51 of the arithmetic of ITU-R BT.601, BT.709 and BT.2020. An
untagged matrix is read as BT.601 and an untagged range as limited, as players do; grey formats are full range.
"""

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from darkhar_cli.data.video.info import ClipError

_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
# Matrices (ITU-T H.273) that swscale refuses, and the one to read them by: reserved as untagged, BT.2020 of constant
# luminance as BT.2020.
_READ_AS = {3: 2, 10: 9}


class ToRgb:
    """Converts decoded frames; one for each clip, as swscale's tables are made once."""

    def __init__(self) -> None:
        self._steps: dict[str, VideoReformatter] = {}

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Return a frame's pixels as stored (not turned), uint8 (H, W, 3).

        Raises:
            ClipError: its colour matrix is unknown.
        """
        format_ = frame.format
        bits = max(component.bits for component in format_.components)
        if bits <= 8 or not (frame.color_range == ColorRange.JPEG or format_.is_rgb or format_.name.startswith("gray")):
            return self._to(frame, "rgb24").to_ndarray()
        # swscale takes a full range of 10 bits for one of 1,024 levels (there are 1,023), except on the way to 16 bits.
        if not format_.is_rgb and (format_.chroma_width(2), format_.chroma_height(2)) != (2, 2):
            frame = self._to(frame, f"yuv444p{bits}le")
        white = 65535 if format_.is_rgb else (1 << 16) - (1 << (16 - bits))  # samples are repeated, or shifted up
        scaled = self._to(frame, "rgb48le").to_ndarray() * (255 / white)
        return np.rint(np.minimum(scaled, 255)).astype(np.uint8)

    def _to(self, frame: av.VideoFrame, format_: str) -> av.VideoFrame:
        step = self._steps.setdefault(format_, VideoReformatter())
        frame.colorspace = _READ_AS.get(frame.colorspace, frame.colorspace)
        try:
            return step.reformat(frame, format=format_, interpolation=_EXACT, threads=1)
        except (av.FFmpegError, ValueError) as problem:
            raise ClipError(
                f"its colour matrix (number {frame.colorspace} of ITU-T H.273) is unknown here"
            ) from problem
