"""Only media containers are opened, from the bytes alone, and the stream that players show is chosen."""

import io
import socket
import time

import av
import numpy as np
import pytest
from av.stream import Disposition

from darkhar_cli.data.video import ClipError, inspect, opening, read_frames
from tests.helpers.generated_clips import encode, pictures

PLAYLISTS = {
    "concat": "ffconcat version 1.0\nfile {clip}\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{clip}\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<BaseURL>{clip}</BaseURL></MPD>",
    "webvtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n",
}


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_nothing_but_the_bytes_is_opened(kind, tmp_path, monkeypatch):
    (tmp_path / "other.mp4").write_bytes(encode("mp4", "mpeg4"))
    monkeypatch.chdir(tmp_path)
    text = PLAYLISTS[kind].format(clip="other.mp4", port=free_port())
    began = time.monotonic()
    for read in (inspect, read_frames):
        with pytest.raises(ClipError, match="not a video"):
            read(text.encode())
    assert time.monotonic() - began < 5, "nobody waits for a network"


def test_no_listed_container_reads_other_files():
    others = {
        "concat",
        "hls",
        "dash",
        "sdp",
        "rtsp",
        "rtp",
        "image2",
        "image2pipe",
        "lavfi",
        "imf",
        "webm_dash_manifest",
    }
    assert not others & set(opening.CONTAINERS.split(","))


def with_picture(container, picture_first, disposition, size=(100, 120), film=(48, 64)):
    """Return a clip of 8 frames beside a picture in a stream of its own."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        streams = {}
        for name in ("picture", "film") if picture_first else ("film", "picture"):
            encoder, pixel_format = ("mjpeg", "yuvj420p") if name == "picture" else ("mpeg4", "yuv420p")
            streams[name] = out.add_stream(encoder, rate=12)
            streams[name].height, streams[name].width = size if name == "picture" else film
            streams[name].pix_fmt = pixel_format
        streams["picture"].disposition = disposition
        picture = av.VideoFrame.from_ndarray(pictures(1, *size)[0], "rgb24")
        for packet in streams["picture"].encode(picture) + streams["picture"].encode(None):
            out.mux(packet)
        for pixels in pictures(8, *film):
            out.mux(streams["film"].encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        out.mux(streams["film"].encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("picture_first", [True, False])
@pytest.mark.parametrize(
    ("container", "disposition"),
    [
        ("mp4", Disposition.attached_pic),
        ("matroska", Disposition(0)),
        ("mov", Disposition(0)),
        ("nut", Disposition.default),
    ],
)
def test_a_picture_beside_the_video_is_passed_over(container, disposition, picture_first):
    data = with_picture(container, picture_first, disposition)
    info = inspect(data)
    assert (info.n_frames, info.height, info.width, info.fps) == (8, 48, 64, 12)
    assert read_frames(data).shape == (8, 48, 64, 3)


def test_a_picture_alone_is_no_clip():
    """A song with its cover."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        sound = out.add_stream("aac", rate=8000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.height, cover.width, cover.pix_fmt, cover.disposition = 48, 64, "yuvj420p", Disposition.attached_pic
        for packet in cover.encode(av.VideoFrame.from_ndarray(pictures(1)[0], "rgb24")) + cover.encode(None):
            out.mux(packet)
        piece = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        piece.rate = 8000
        out.mux(sound.encode(piece))
        out.mux(sound.encode(None))
    with pytest.raises(ClipError, match="holds a cover picture and no video stream"):
        inspect(buffer.getvalue())


def two_videos(sizes, default=None):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        streams = []
        for i, (height, width) in enumerate(sizes):
            stream = out.add_stream("mpeg4", rate=12)
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            stream.disposition = Disposition.default if i == default else Disposition(0)
            streams.append(stream)
        for i in range(6):
            for stream, size in zip(streams, sizes, strict=True):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(pictures(6, *size)[i], "rgb24")))
        for stream in streams:
            out.mux(stream.encode(None))
    return buffer.getvalue()


def test_of_two_videos_the_default_or_the_larger_is_shown():
    assert inspect(two_videos([(48, 64), (96, 128)])).height == 96
    assert inspect(two_videos([(96, 128), (48, 64)])).height == 96
    assert inspect(two_videos([(48, 64), (96, 128)], default=0)).height == 48


def test_an_unknown_codec_is_named():
    data = encode("avi", "mjpeg")
    assert data.count(b"MJPG") >= 2
    with pytest.raises(ClipError, match="its video codec is unknown here"):
        inspect(data.replace(b"MJPG", b"ZZZZ"))


def test_texts_of_a_file_in_another_encoding_do_no_harm():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="avi") as out:
        out.metadata["title"] = "TITLEX"
        stream = out.add_stream("mjpeg", rate=12)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p"
        for pixels in pictures(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
    data = buffer.getvalue().replace(b"TITLEX", b"\xe9t\xe9\xff\xfe\x80")
    assert inspect(data).n_frames == 3


def test_a_size_that_changes_is_refused_at_its_first_frame(monkeypatch):
    """Raw streams may be put one behind the other."""
    data = encode("h264", "h264", n=6) + encode("h264", "h264", n=6, size=(96, 128))
    for read in (inspect, read_frames, lambda bytes_: read_frames(bytes_, [1, 8])):
        with pytest.raises(ClipError, match="frame size changes within the clip, from 64x48 to 128x96"):
            read(data)
    monkeypatch.setattr(opening, "MAX_PIXELS", 100 * 100)  # the decoder makes no such frame at all
    with pytest.raises(ClipError, match="cannot be decoded"):
        inspect(data)
    assert len(read_frames(data)) == 6


def test_frames_read_so_far_are_those_of_the_clip():
    data = encode("h264", "h264", n=6)
    np.testing.assert_array_equal(read_frames(data + encode("h264", "h264", n=6))[:6], read_frames(data))
