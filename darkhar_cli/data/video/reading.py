"""Frames of a clip as RGB arrays: all of them, or those at some positions."""

from collections import deque
from collections.abc import Iterator, Sequence

import av
import numpy as np

from darkhar_cli.data.video.decoding import Tally, frames_in_order
from darkhar_cli.data.video.display import display_matrix, show
from darkhar_cli.data.video.info import ClipError
from darkhar_cli.data.video.opening import Video, open_video
from darkhar_cli.data.video.pixels import ToRgb
from darkhar_cli.data.video.sparse import needed_frames


def read_frames(data: bytes, positions: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """Return the frames at ascending positions (repeats allowed), or all, as uint8 (T, H, W, 3).

    Parts that the decoder refuses are passed over; `inspect` says whether there are any.

    Raises:
        ClipError: the clip cannot be read, or ends before the last position.
    """
    if positions is not None:
        return np.stack(list(iter_frames(data, positions)))
    frames: list[np.ndarray] = []
    tally, to_rgb = Tally(), ToRgb()
    with open_video(data) as video:
        for frame, times in frames_in_order(video, data, tally):
            frames += [shown_pixels(frame, to_rgb)] * times
    if tally.stopped:
        raise ClipError(f"decoding stops after {len(frames)} frames: {tally.stopped}")
    if not frames:
        raise ClipError("no frames")
    return np.stack(frames)


def iter_frames(
    data: bytes, positions: Sequence[int] | np.ndarray, n_frames: int | None = None, skippable: bool = False
) -> Iterator[np.ndarray]:
    """Yield the frames at ascending positions (repeats allowed), uint8 (H, W, 3).

    Only those frames are converted to RGB, and decoding stops at the last of them. Where the clip is known to have
    `n_frames` and `inspect` found it `skippable`, frames that neither are wanted nor serve others are not decoded.

    Raises:
        ClipError: the clip cannot be read, or ends before the last position.
    """
    wanted, to_rgb = deque(map(int, positions)), ToRgb()
    for sparing in (True, False) if n_frames and skippable else (False,):
        with open_video(data) as video:
            decoded = needed_frames(video, tuple(wanted), n_frames) if sparing and n_frames else _numbered(video, data)
            for index, frame in decoded:
                if wanted and index == wanted[0]:
                    pixels = shown_pixels(frame, to_rgb)
                    while wanted and wanted[0] == index:
                        yield pixels
                        wanted.popleft()
                if not wanted:
                    return
    raise ClipError(f"frame {wanted[0]} is not there")


def _numbered(video: Video, data: bytes) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield (index, frame) in order, a repeated frame again."""
    index = 0
    for frame, times in frames_in_order(video, data):
        for _ in range(times):
            yield index, frame
            index += 1


def shown_pixels(frame: av.VideoFrame, to_rgb: ToRgb) -> np.ndarray:
    """Return one frame as RGB, rotated and mirrored by its display matrix."""
    return show(to_rgb(frame), display_matrix(frame))
