"""Opening a clip's bytes: media containers alone, and the stream that players would show."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.stream import Disposition

from darkhar_cli.data.video import limits, plain, structure
from darkhar_cli.data.video.info import ClipError

MAX_PIXELS = 4096 * 4096  # of a frame; `limits` may say otherwise
# Demuxers that read nothing but the bytes they are given: no playlists (concat, hls, dash), no session descriptions
# (sdp, rtsp), no patterns of file names (image2), no devices.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,mpegts,mpeg,ogg,nut,mxf,rm,wtv,dv,ivf,gif,nsv,yuv4mpegpipe,"
    "apng,h261,h263,h264,hevc,vvc,obu,av1,m4v,mpegvideo,mjpeg,vc1,dirac,cavsvideo,gxf,dhav,kux,amv,swf,wav,mp3,flac,aac"
)
# Old Windows Media notices damage only at a picture's end, and only with a flag to check there; other decoders do not
# get it, as it makes them refuse what some writers' harmless habits leave there.
_LOOK_AT_THE_END = ("msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2")
_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_DEFAULT_WEIGHS = 5_000_000  # pixels that a stream marked as the default has over others, in ffmpeg's choice


@dataclass(frozen=True)
class Video:
    """An open clip: its container, the stream to show, that stream's decoder, and the time that decoding may take."""

    container: av.container.InputContainer
    stream: av.video.stream.VideoStream
    clock: limits.Clock = field(default_factory=limits.Clock)

    @property
    def context(self) -> av.video.codeccontext.VideoCodecContext:
        return self.stream.codec_context

    @property
    def unit(self) -> Fraction:
        """Return the seconds of one tick of the stream's times; every demuxer sets them."""
        assert self.stream.time_base is not None
        return self.stream.time_base

    @property
    def format(self) -> str:
        """Return the container's (FFmpeg's demuxer's) first name: mov, matroska, avi, …"""
        return self.container.format.name.split(",")[0]


def open_container(data: bytes, **options: str) -> av.container.InputContainer:
    """Open bytes as a media container.

    Raises:
        ClipError: they are empty, or none.
    """
    if not data:
        raise ClipError("empty file")
    form = "mjpeg" if plain.several_jpegs(data) else None  # else FFmpeg takes it for one still picture
    safe = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none", "max_pixels": str(most_pixels())}
    asked, wait = {**safe, **options}, float(limits.chosen("seconds", limits.MAX_SECONDS))
    try:
        file = io.BytesIO(plain.without_rest(data))
        return av.open(file, "r", form, metadata_errors="replace", options=asked, timeout=wait)
    except (av.FFmpegError, ValueError, IndexError) as problem:
        lacks = structure.missing(data, structure.sniffed(data)) or "no container header"
        raise ClipError(f"not a video, or cut off ({lacks})") from problem


@contextmanager
def open_video(data: bytes) -> Iterator[Video]:
    """Open a clip and choose the stream that players show, with one decoder thread: clips run side by side.

    Raises:
        ClipError: no clip, no video in it, an unknown codec, or too many pixels.
    """
    with open_container(data) as container:
        stream = _shown(container, data)
        context = stream.codec_context
        pixels, most = context.width * context.height, most_pixels()
        if pixels > most:
            said = f"{context.width}x{context.height} pixels are more than the {most} allowed"
            raise ClipError(f"{said}; {limits.raising('pixels', pixels)}")
        context.thread_type, context.thread_count = "NONE", 1
        # A size that changes within the clip allocates nothing; checksums, where there are any, are compared.
        checks = "crccheck+bitstream+buffer" if context.name in _LOOK_AT_THE_END else "crccheck"
        context.options = {"max_pixels": str(most), "err_detect": checks}
        yield Video(container, stream)


def most_pixels() -> int:
    """Return how many pixels a frame may have."""
    return limits.chosen("pixels", MAX_PIXELS)


def _shown(container: av.container.InputContainer, data: bytes) -> av.video.stream.VideoStream:
    """Return the video stream that is shown: no cover picture, else as ffmpeg chooses, the default or the largest."""
    streams = container.streams.video
    if not streams:
        lacks = structure.missing(data, container.format.name.split(",")[0])
        raise ClipError(f"holds no video stream{f', or is cut off ({lacks})' if lacks else ''}")
    films = [stream for stream in streams if not stream.disposition & _PICTURES]
    if not films:
        raise ClipError("holds a cover picture and no video stream")
    known = [stream for stream in films if stream.codec_context is not None]
    if not known:
        raise ClipError("its video codec is unknown here")
    if len(known) > 1:  # a picture that is not marked as one is a stream of one packet
        packets = _packets(data)
        known = [stream for stream in known if packets.get(stream.index, 0) > 1] or known
    return max(known, key=_weight)


def _weight(stream: av.video.stream.VideoStream) -> int:
    context = stream.codec_context
    return context.width * context.height + _DEFAULT_WEIGHS * bool(stream.disposition & Disposition.default)


def _packets(data: bytes) -> dict[int, int]:
    """Count the packets of each video stream, by its index."""
    counts: dict[int, int] = {}
    with open_container(data) as container:
        try:
            for packet in container.demux(container.streams.video):
                counts[packet.stream_index] = counts.get(packet.stream_index, 0) + (packet.size > 0)
        except av.FFmpegError:
            pass  # decoding says what is wrong
    return counts
