"""When the frames of a clip are shown, and what becomes of a clip whose frames come at irregular times.

Phones film slower as it gets dark, screen recorders skip frames that do not change: "frames per second" is then a mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
import pandas as pd

from darkhar_cli.data.video import avi
from darkhar_cli.data.video.decoding import frames_in_order
from darkhar_cli.data.video.opening import Video, open_video

IRREGULAR = 0.5  # frames that a clip's frames may be off a constant rate
_ROUNDING = 1e-6
_NAMED = 10  # clips at most


@dataclass(frozen=True)
class Timing:
    """How a clip's frames are spread over time.

    Attributes:
        fps: frames per second; where they are irregular, of as many frames evenly from the first to the last.
        jitter: how far frames are off that constant rate, in frames, at most.
        times: (T,) float64 seconds of the frames since the first; empty where the rate is constant.
    """

    fps: float
    jitter: float
    times: np.ndarray


def frame_times(data: bytes, n_frames: int | None = None) -> np.ndarray:
    """Return when each frame of a clip is shown, (T,) float64 seconds since the first, as edit lists have it.

    Where the clip is known to have `n_frames` and has as many packets, nothing is decoded. Frames without a
    time, or in another order than their times, count as shown at the clip's constant rate.

    Raises:
        ClipError: the clip cannot be read.
    """
    with open_video(data) as video:
        stream = video.stream
        rate, unit = float(stream.average_rate or stream.guessed_rate or 0), float(stream.time_base or 0)
        if video.format == "avi":  # at a constant rate, whatever its packets' times seem to say
            count = n_frames or sum(times for _, times in frames_in_order(video, data))
            return np.arange(count) / float(avi.rate(video))
        shown: Sequence[int | None] | None = _packet_times(video, n_frames) if n_frames else None
    if shown is None:
        with open_video(data) as video:
            shown = [frame.pts for frame, _ in frames_in_order(video, data)]
    known = [time for time in shown if time is not None]
    if len(known) < len(shown) or not unit or any(np.diff(known) < 0):
        return np.arange(len(shown)) / (rate or 1.0)
    return (np.array(known, np.int64) - known[0]) * unit if known else np.zeros(0)


def _packet_times(video: Video, n_frames: int) -> list[int] | None:
    """Return the times of a stream's packets in the order they are shown, None where they do not match the frames."""
    try:
        packets = video.container.demux(video.stream)
        shown = [packet.pts for packet in packets if packet.size and not packet.is_discard]
    except av.FFmpegError:
        return None
    distinct = {time for time in shown if time is not None}
    return sorted(distinct) if len(distinct) == len(shown) == n_frames else None


def timing_of(times: np.ndarray, fps: float) -> Timing:
    """Return the timing of frames shown at these times (T,) in seconds, in a file that announces `fps` (0: nothing).

    A rate that the file announces and its frames keep to is believed; else that of the frames counts.
    """
    count, last = np.arange(len(times)), times[-1] - times[0]
    mean = float((len(times) - 1) / last) if last > 0 else 0.0
    jitter = 0.0
    for rate in (fps, mean):
        if len(times) < 2 or not mean:
            break
        late = times * rate - count
        jitter = float(np.ptp(late)) / 2
        if rate and jitter <= IRREGULAR + _ROUNDING:
            return Timing(rate, round(min(jitter, IRREGULAR), 3), np.zeros(0))
    return Timing(mean, jitter, times) if mean and len(times) > 1 else Timing(fps, 0.0, np.zeros(0))


def frames_at(positions: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the frames (...) float32, and places between them, that are shown when a constant rate is at positions.

    Args:
        positions: (...) in frames of the constant rate, from 0 to T - 1.
        times: (T,) in seconds, when the frames are shown.
    """
    moments = times[0] + np.asarray(positions, np.float64) * (times[-1] - times[0]) / (len(times) - 1)
    return np.interp(moments, times, np.arange(len(times))).astype(np.float32)


def irregular(table: pd.DataFrame) -> pd.Series:
    """Return which clips of a table have irregular frame times."""
    return table["jitter"] > IRREGULAR


def irregular_note(table: pd.DataFrame) -> str:
    """Return in words which clips have irregular frame times, empty where none has."""
    rows = table[irregular(table)].sort_values("jitter", ascending=False, kind="stable")
    if not len(rows):
        return ""
    clips = f"{len(rows)} clips have" if len(rows) > 1 else "1 clip has"
    return f"{clips} irregular frame times: {_listed(rows['id'].tolist(), rows['jitter'].tolist())}"


def _listed(names: Sequence[str], jitters: Sequence[float]) -> str:
    some = [f"{name} (up to {jitter:.1f} frames off)" for name, jitter in zip(names, jitters, strict=True)][:_NAMED]
    rest = len(names) - len(some)
    return ", ".join(some) + (f" and {rest} more" if rest else "")
