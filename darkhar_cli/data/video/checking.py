"""Checking a clip: all of it is decoded, once, and what is wrong with it is named.

What cannot be known: most codecs carry no checksum, so that bytes changed in the middle may decode to other pictures
without a sign. VP8, VP9 and HEVC hardly ever notice, H.264 and MPEG-4 in about two of three cases; motion JPEG, GIF, DV
and Cinepak conceal what they notice. Pictures that a damaged raw stream lost leave no gap, as it has no times.
"""

from fractions import Fraction

from darkhar_cli.data.video import avi, plain, structure, transport
from darkhar_cli.data.video.decoding import Tally, frames_in_order
from darkhar_cli.data.video.ending import breaks_off, only_its_end_is_damaged
from darkhar_cli.data.video.info import ClipError, DamagedClip, VideoInfo
from darkhar_cli.data.video.opening import Video, open_container, open_video
from darkhar_cli.data.video.pixels import ToRgb
from darkhar_cli.data.video.sparse import fingerprint, may_skip, tried

_ANNOUNCED_BY = ("matroska", "flv", "ivf")  # containers whose header gives a duration that FFmpeg passes on
_UNKNOWN_FRAMES = 1 << 30  # what AVI and IVF files written to a pipe announce, at least
_HIGHEST_RATE = 1000  # frames a second; above it FFmpeg gives a unit of time for a rate (raw DV: 60,000)


def inspect(data: bytes) -> VideoInfo:
    """Decode a whole clip and return what it holds.

    Raises:
        DamagedClip: it can be read, though the decoder marks frames as corrupt; carries what there is.
        ClipError: no video, no frames, frames of several sizes, or cut off.
    """
    checksums: dict[int | None, int] = {}
    tally, count = Tally(), 0
    with open_video(data) as video:
        skips = may_skip(video)
        for frame, times in frames_in_order(video, data, tally):
            if count == 0:
                ToRgb()(frame)  # whether its colours can be read
            count += times
            if skips:
                checksums[frame.pts] = fingerprint(frame)
        rate = _rate(video)
        _refuse_cut_off(video, data, tally, count, rate)
    if count == 0:
        raise ClipError("no frames")
    corrupt = max(tally.corrupt, tally.damaged)
    skippable = skips and not corrupt and len(checksums) == count and tried(data, tally.times, checksums)
    info = VideoInfo(count, float(rate), *tally.shape, corrupt, skippable)
    if corrupt:
        raise DamagedClip(_damage(tally), info)
    return info


def _rate(video: Video) -> Fraction:
    stream = video.stream
    if video.format == "avi":
        return avi.rate(video)
    average, guessed = stream.average_rate, stream.guessed_rate
    return guessed if guessed and (not average or average > _HIGHEST_RATE) else average or Fraction(0)


def _damage(tally: Tally) -> str:
    faults = []
    marked = max(tally.corrupt, tally.damaged - tally.refused)
    if marked:
        faults.append(f"{marked} of {tally.decoded} frames are corrupt")
    if tally.refused:
        faults.append(f"{tally.refused} of {tally.packets} packets cannot be decoded")
    return f"damaged: {', '.join(faults)}"


def _refuse_cut_off(video: Video, data: bytes, tally: Tally, count: int, rate: Fraction) -> None:
    missing = structure.missing(data, video.format)
    if missing and missing.startswith(structure.BROKEN):
        raise ClipError(f"damaged: {missing}")
    if missing:
        raise ClipError(f"cut off: {_durations(video, data, tally, count, rate) or missing}")
    if tally.stopped:
        raise ClipError(f"decoding stops after {count} frames: {tally.stopped}")
    announced = _announced(video)
    counted = video.format == "mov" or (video.format == "avi" and missing is None)
    if counted and count < announced and _packets(data, video.stream.index) < announced:
        raise ClipError(f"cut off: {count} of {announced} frames")
    if missing is not None or not count:
        return
    damaged = tally.corrupt or tally.damaged
    if breaks_off(data, tally.decoded >= tally.packets) or (damaged and only_its_end_is_damaged(data)):
        raise ClipError(f"cut off: the last picture is not whole ({count} frames are there)")
    if video.format in ("mpegts", "mpeg") and transport.has_hole(tally.times):
        raise ClipError(f"cut off: pictures before the last are missing ({count} frames are there)")


def _announced(video: Video) -> int:
    """Return how many frames the header announces; 0 where it does not."""
    return 0 if video.stream.frames >= _UNKNOWN_FRAMES else video.stream.frames


def _durations(video: Video, data: bytes, tally: Tally, count: int, rate: Fraction) -> str:
    """Return what the header announces and what is there, in seconds, where that is known and differs."""
    announced, there = 0.0, 0.0
    if _announced(video) and rate:
        unit = video.unit if video.format == "avi" else 1 / rate
        announced, there = float(video.stream.frames * unit), float(count / rate)
    elif tally.start is not None:
        there = float((tally.end - min(tally.start, 0)) * video.unit)
        if video.format in _ANNOUNCED_BY and not (video.format == "ivf" and plain.ivf_announced(data) is None):
            announced = (video.container.duration or 0) / 1e6
        elif video.format == "asf":
            announced = structure.asf_duration(data)
    return f"header says {announced:.1f} s, {there:.1f} s are there" if announced - there > 0.05 else ""


def _packets(data: bytes, stream: int) -> int:
    """Count the packets that are there, trimmed and empty ones included."""
    with open_container(data, ignore_editlist="1") as container:
        return sum(1 for packet in container.demux(container.streams[stream]) if packet.dts is not None)
