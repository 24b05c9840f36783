"""Video bytes in and out, by PyAV: check, read, write.

Frames are RGB uint8 `(T, H, W, 3)`. Counts come from decoding, since headers lie. Decoding is bounded in
frames and pixels, so that a hostile file cannot fill the memory, and opens nothing but the bytes it is given.
"""

from darkhar_cli.data.video import avi, decoding, display, opening, pixels, plain, reading, sparse
from darkhar_cli.data.video.checking import inspect
from darkhar_cli.data.video.files import read_clip
from darkhar_cli.data.video.info import ClipError, DamagedClip, VideoInfo
from darkhar_cli.data.video.reading import iter_frames, read_frames
from darkhar_cli.data.video.writing import write_video

__all__ = ["ClipError", "DamagedClip", "VideoInfo", "inspect", "iter_frames", "read_clip", "read_frames", "write_video"]

READING = (avi, decoding, display, opening, pixels, plain, reading, sparse)  # what a frame's pixels depend on
