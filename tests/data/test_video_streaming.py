"""Videos read from start to end: the same frames as of a clip that is read whole, from files, pipes and addresses."""

import io
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from darkhar_cli.data.video import ClipError, read_frames
from darkhar_cli.data.video.streaming import open_stream
from tests.helpers.generated_clips import cut, encode


class Pipe:
    """Bytes that come a few at a time and cannot be wound back."""

    def __init__(self, data):
        self._file = io.BytesIO(data)

    def read(self, size):
        return self._file.read(min(size, 1000))


def frames_of(source, **options):
    with open_stream(source, **options) as video:
        found = list(video.frames())
    return np.array([time for time, _ in found]), np.stack([frame for _, frame in found])


@pytest.mark.parametrize(("container", "codec"), [("mp4", "h264"), ("matroska", "vp8"), ("mpegts", "mpeg2video")])
def test_a_file_and_a_pipe_give_the_frames_of_the_clip(tmp_path, container, codec):
    muxer = {"movflags": "frag_keyframe+empty_moov"} if container == "mp4" else None
    data = encode(container, codec, muxer=muxer)
    path = tmp_path / "clip"
    path.write_bytes(data)
    for source in (path, Pipe(data)):
        times, frames = frames_of(source)
        np.testing.assert_array_equal(frames, read_frames(data))
        assert times[0] == 0
        np.testing.assert_allclose(np.diff(times), 1 / (25 if codec == "mpeg2video" else 12), atol=2e-3)


def test_the_header_says_how_long_it_is_and_how_fast(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(encode("mp4", "h264", n=24))
    with open_stream(tmp_path / "clip.mp4") as video:
        assert video.fps == 12
        assert video.seconds == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("data", "said"), [(b"I am no video", "not a video"), (b"", "empty file"), (None, "No such file")]
)
def test_what_is_no_video_is_refused(tmp_path, data, said):
    path = tmp_path / "clip.mp4"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ClipError, match=said):
        frames_of(path)


def test_a_stream_that_breaks_off_gives_what_came(tmp_path):
    path = tmp_path / "clip.ts"
    path.write_bytes(cut(encode("mpegts", "mpeg2video", n=40), 0.6))
    times, frames = frames_of(path)
    assert 10 < len(frames) < 40
    assert (np.diff(times) > 0).all()


def test_what_goes_wrong_while_frames_are_used_is_not_taken_for_a_broken_video(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(encode("mp4", "h264"))
    with pytest.raises(ValueError, match="mine"), open_stream(tmp_path / "clip.mp4"):
        raise ValueError("mine")


def test_an_address_is_read_where_the_network_is_allowed(tmp_path):
    data = encode("mp4", "h264")
    (tmp_path / "clip.mp4").write_bytes(data)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/clip.mp4"
        np.testing.assert_array_equal(frames_of(address, network=True)[1], read_frames(data))
        with pytest.raises(ClipError, match=r"Not Found|404"):
            frames_of(f"{address}x", network=True)
    finally:
        server.shutdown()
        server.server_close()
