"""What a clip may cost: the size of a frame, frames, seconds, bytes; and that a clip's file is a file."""

import os
import socket

import pytest

from darkhar_cli.data.sources import check
from darkhar_cli.data.video import ClipError, inspect, limits, read_clip, read_frames
from darkhar_cli.data.video.streaming import open_stream
from darkhar_cli.errors import BadRequest
from darkhar_cli.prediction.sources import read_sources
from tests.helpers.generated_clips import encode


@pytest.fixture(scope="module")
def clip():
    return encode("mp4", "h264")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("pixels=3071", "64x48 pixels are more than the 3071 allowed; DARKHAR_LIMITS=pixels=3072 allows it"),
        ("frames=17", "more than 17 frames; cut the video into clips, or DARKHAR_LIMITS=frames=34 allows it"),
    ],
)
def test_a_limit_refuses_with_what_raises_it(clip, given, said, monkeypatch):
    monkeypatch.setenv(limits.VARIABLE, given)
    with pytest.raises(ClipError) as refused:
        inspect(clip)
    assert str(refused.value) == said
    monkeypatch.setenv(limits.VARIABLE, "pixels=3072, frames=18")
    assert inspect(clip).n_frames == 18


def test_decoding_ends_in_time(clip, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SECONDS", -1)
    for read in (inspect, read_frames):
        with pytest.raises(ClipError, match="decoding takes longer than -1 s"):
            read(clip)


def test_a_file_larger_than_is_allowed_is_not_read(clip, tmp_path, monkeypatch):
    (tmp_path / "clip.mp4").write_bytes(clip)
    monkeypatch.setenv(limits.VARIABLE, "bytes=1000")
    with pytest.raises(ClipError, match=f"{len(clip):,} bytes are more than the 1,000 allowed of a clip"):
        read_clip(tmp_path / "clip.mp4")
    monkeypatch.delenv(limits.VARIABLE)
    with (tmp_path / "huge.mp4").open("wb") as file:
        file.truncate(9 << 30)  # takes no room on the disk
    with pytest.raises(ClipError, match=r"9,663,676,416 bytes are more than"):
        read_clip(tmp_path / "huge.mp4")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("pixel=3", "unknown limit in DARKHAR_LIMITS 'pixel'.*did you mean 'pixels'"),
        ("frames=many", "frames=many: give a whole number from 1"),
        ("seconds=0", "seconds=0: give a whole number from 1"),
    ],
)
def test_a_limit_that_is_none_is_refused(given, said, monkeypatch):
    monkeypatch.setenv(limits.VARIABLE, given)
    with pytest.raises(BadRequest, match=said):
        limits.in_words()


def test_a_rate_that_cannot_be_is_refused():
    frames = b"".join(b"FRAME\n" + bytes(384) for _ in range(5))
    assert check(lambda: b"YUV4MPEG2 W16 H16 F25:1 C420\n" + frames, keep_damaged=False)[1].n_frames == 5
    found = check(lambda: b"YUV4MPEG2 W16 H16 F2147483647:1 C420\n" + frames, keep_damaged=False)
    assert found == "cannot have 2,147,483,647 frames a second: its header is damaged or made up"


@pytest.fixture
def odd_files(tmp_path):
    """Paths that end in .mp4 and are no files; nobody writes to the pipe."""
    os.mkfifo(tmp_path / "pipe.mp4")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "socket.mp4"))
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    (tmp_path / "folder.mp4").mkdir()
    yield tmp_path
    bound.close()


@pytest.mark.parametrize(
    ("name", "said"),
    [("pipe", "a named pipe"), ("socket", "No such device"), ("device", "a device"), ("folder", "a folder")],
)
def test_what_is_no_file_is_never_read(odd_files, name, said):
    path = odd_files / f"{name}.mp4"
    with pytest.raises((ClipError, OSError), match=said):  # a socket cannot even be opened
        read_clip(path)
    with pytest.raises(ClipError), open_stream(path):
        pass
    assert isinstance(check(lambda: read_clip(path), keep_damaged=True), str)


def test_predict_names_what_is_no_file(odd_files):
    for name, what in (("pipe", "a named pipe"), ("socket", "a socket")):
        with pytest.raises(BadRequest, match=f"{name}.mp4 is {what}, not a video file; pipe a video into `-`"):
            read_sources([str(odd_files / f"{name}.mp4")])
