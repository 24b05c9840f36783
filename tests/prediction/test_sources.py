"""Words that name videos: files, folders, patterns, a pipe, cameras, addresses; and what is refused."""

from pathlib import Path

import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.prediction.sources import is_address, read_sources


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b.mp4", "a.mkv", "night/c.mp4", "night/deep/d.avi", "night/list.txt", "night/.hidden.mp4", "x=1.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(words, **options):
    return [source.name for source in read_sources(words, **options)]


def test_files_folders_and_patterns_each_once_in_order(place):
    assert names(["b.mp4", "night", "a.mkv", "b.mp4"]) == ["b.mp4", "night/c.mp4", "night/deep/d.avi", "a.mkv"]
    assert names(["*.m*"]) == ["a.mkv", "b.mp4", "x=1.mp4"]
    assert names(["night/**/*.avi"]) == ["night/deep/d.avi"]
    assert names(["night/list.txt"]) == ["night/list.txt"], "who names a file means it"


def test_a_pipe_a_camera_and_an_address():
    pipe, camera = read_sources(["-", "/dev/null"])
    assert (pipe.kind, pipe.name) == ("pipe", "standard input")
    assert (camera.kind, camera.form) == ("camera", "v4l2")
    (address,) = read_sources(["rtsp://me:secret@cam/1?x=2"], allow_network=True)
    assert (address.kind, address.place) == ("address", "rtsp://me:secret@cam/1?x=2")
    assert address.name == "rtsp://cam/1?x=2", "no password in a table"
    assert is_address("HTTP://x/y")
    assert not is_address("clips/a.mp4")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("c.mp4", r"c\.mp4: no such file; did you mean '.\.m"),
        ("*.webm", "no file fits this pattern"),
        ("run", "run is a run folder; predict takes one run"),
        ("empty", r"empty holds no video \(\*\.mp4"),
        ("rtsp://me:secret@cam/1", r"rtsp://cam/1 is an address: give allow_network=true"),
        ("file:///etc/passwd", "file: is no address that is taken"),
        ("concat://a|b", "concat: is no address"),
    ],
)
def test_what_names_no_video_is_refused(place, word, said):
    (place / "empty").mkdir()
    (place / "run").mkdir()
    (place / "run" / "run.json").write_text("{}")
    with pytest.raises(BadRequest, match=said) as refused:
        read_sources([word])
    assert "secret" not in str(refused.value)


def test_an_address_that_reads_files_is_refused_even_with_the_network(place):
    for word in ("file:///x.mp4", "subfile://x", "concat://x"):
        with pytest.raises(BadRequest, match="no address that is taken"):
            read_sources([word], allow_network=True)


def test_a_folder_is_read_through_links(place):
    (place / "linked").symlink_to(place / "night")
    assert names(["linked"]) == [str(Path("linked") / "c.mp4"), str(Path("linked") / "deep/d.avi")]
