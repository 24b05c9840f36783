"""Small clips of many containers and codecs, encoded here, and the ways to cut them."""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np

RATE = 12
ENCODERS = {  # codec -> (encoder, pixel format, options)
    "h264": ("libx264", "yuv420p", {"preset": "superfast", "threads": "1"}),
    "hevc": ("libx265", "yuv420p", {"preset": "superfast", "x265-params": "log-level=none:pools=1:frame-threads=1"}),
    "mpeg4": ("mpeg4", "yuv420p", {}),
    "mjpeg": ("mjpeg", "yuvj420p", {}),
    "vp8": ("libvpx", "yuv420p", {"cpu-used": "8", "deadline": "realtime"}),
    "vp9": ("libvpx-vp9", "yuv420p", {"cpu-used": "8", "deadline": "realtime"}),
    "mpeg2video": ("mpeg2video", "yuv420p", {}),
    "mpeg1video": ("mpeg1video", "yuv420p", {}),
    "wmv2": ("wmv2", "yuv420p", {}),
    "flv1": ("flv", "yuv420p", {}),
    "ffv1": ("ffv1", "yuv420p", {}),
    "theora": ("libtheora", "yuv420p", {}),
    "wmv1": ("wmv1", "yuv420p", {}),
    "msmpeg4": ("msmpeg4", "yuv420p", {}),
    "gif": ("gif", "rgb8", {}),
    "apng": ("apng", "rgb24", {}),
    "dvvideo": ("dvvideo", "yuv420p", {}),
    "rawvideo": ("rawvideo", "yuv420p", {}),
    "h261": ("h261", "yuv420p", {}),
    "h263": ("h263", "yuv420p", {}),
    "rv20": ("rv20", "yuv420p", {}),
    "av1": ("libsvtav1", "yuv420p", {"preset": "11"}),
}
PAIRS = [  # container -> codecs
    *(("mp4", codec) for codec in ("h264", "hevc", "mpeg4", "vp9")),
    *(("mov", codec) for codec in ("h264", "mjpeg")),
    *(("avi", codec) for codec in ("h264", "mpeg4", "mjpeg", "ffv1")),
    *(("matroska", codec) for codec in ("h264", "hevc", "mpeg4", "vp8", "mpeg2video", "ffv1")),
    *(("webm", codec) for codec in ("vp8", "vp9")),
    *(("mpegts", codec) for codec in ("h264", "hevc", "mpeg2video")),
    *(("mpeg", codec) for codec in ("mpeg1video",)),
    *(("vob", codec) for codec in ("mpeg2video",)),
    *(("asf", codec) for codec in ("wmv2", "mpeg4")),
    *(("flv", codec) for codec in ("h264", "flv1")),
    *(("ogg", codec) for codec in ("theora", "vp8")),
    ("h264", "h264"),
    ("hevc", "hevc"),
    ("m4v", "mpeg4"),
    ("mpeg2video", "mpeg2video"),
    ("mjpeg", "mjpeg"),
    ("ivf", "vp9"),
    ("nut", "h264"),
]


def encodable(codec: str) -> bool:
    """Say whether this build of FFmpeg has the encoder."""
    try:
        av.Codec(ENCODERS[codec][0], "w")
    except av.codec.codec.UnknownCodecError:
        return False
    return True


def pictures(n: int = 18, height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """Draw n different frames (n, H, W, 3) uint8: texture that drifts, and a square that moves over it."""
    rng = np.random.default_rng(seed)
    ground = np.kron(rng.integers(40, 120, (height // 4, width // 2, 3)), np.ones((4, 4, 1), int)).astype(np.uint8)
    frames = np.stack([ground[:, 2 * i % width : 2 * i % width + width] for i in range(n)])
    for i in range(n):
        y, x = 3 * i % (height - 12), 5 * i % (width - 12)
        frames[i, y : y + 12, x : x + 12] = (40 + 10 * i % 200, 220, 255 - 11 * i % 200)
    return frames


def encode(
    container: str,
    codec: str,
    *,
    n: int = 18,
    options: Mapping[str, str] | None = None,
    muxer: Mapping[str, str] | None = None,
    times: Sequence[int] | None = None,
    size: tuple[int, int] = (48, 64),
    sound: float = 0,
    piped: bool = False,
) -> bytes:
    """Encode n frames at `RATE`, or at `times` in units of 1/RATE.

    `sound` adds so many seconds of it; `piped` writes as to a pipe: nothing is filled in afterwards.
    """
    encoder, pixel_format, defaults = ENCODERS[codec]
    buffer = io.BytesIO()
    file = SimpleNamespace(write=buffer.write) if piped else buffer
    with av.open(file, "w", format=container, options=dict(muxer or {})) as out:
        rate = 25 if codec in ("mpeg1video", "mpeg2video", "dvvideo") else RATE
        stream = out.add_stream(encoder, rate=rate, options={**defaults, **(options or {})})
        stream.height, stream.width = size
        stream.pix_fmt = pixel_format
        stream.codec_context.thread_count = 1
        stream.time_base = stream.codec_context.time_base = Fraction(1, rate)
        if sound:
            audio = out.add_stream("aac", rate=8000, layout="mono")
            for start in range(0, int(sound * 8000), 1024):
                noise = np.random.default_rng(start).normal(0, 0.1, (1, 1024)).astype(np.float32)
                piece = av.AudioFrame.from_ndarray(noise, "fltp", "mono")
                piece.rate, piece.pts = 8000, start
                out.mux(audio.encode(piece))
            out.mux(audio.encode(None))
        for i, picture in enumerate(pictures(n, *size)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = (times[i] if times else i), Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def cut(data: bytes, share: float) -> bytes:
    """Return the first `share` of the bytes."""
    return data[: int(len(data) * share)]


def damaged(data: bytes, packet: int) -> bytes:
    """Put other bytes into the middle of a packet."""
    with av.open(io.BytesIO(data)) as container:
        there = [one for one in container.demux(video=0) if one.size][packet]
    middle = there.pos + there.size // 3
    noise = np.random.default_rng(3).bytes(there.size // 2)
    return data[:middle] + noise + data[middle + len(noise) :]
