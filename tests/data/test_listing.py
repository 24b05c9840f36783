"""Every file under a folder is listed or named with the reason."""

import os

import pytest

from darkhar_cli.data import listing
from darkhar_cli.data.duplicates import Labelled, contradictions, copies, copies_in_words
from darkhar_cli.data.listing import Excluded, counted, list_folder, not_videos, why_no_file
from darkhar_cli.errors import FailedWork
from darkhar_cli.names import several


@pytest.fixture
def top(tmp_path):
    """A folder with one of everything, and another beside it that links lead to."""
    top, far = tmp_path / "top", tmp_path / "far"
    for name in ("walk", ".Trash", "__MACOSX", "walk/deep"):
        (top / name).mkdir(parents=True)
    far.mkdir()
    for name in ("walk/a.mp4", "walk/.b.mp4", "walk/Thumbs.db", "walk/notes.txt", ".Trash/c.mp4", "walk/deep/d.ts"):
        (top / name).write_text("x")
    (far / "e.mp4").write_text("x")
    (top / "run").symlink_to(far)
    (top / "walk" / "gone.mp4").symlink_to(tmp_path / "nowhere")
    (top / "walk" / "up").symlink_to(top)
    (far / "self").symlink_to(far)
    (top / "walk" / "loop").symlink_to(top / "walk" / "loop")
    (top / "walk" / "f.mp4").symlink_to(far / "e.mp4")
    os.mkfifo(top / "walk" / "pipe.mp4")
    return top


def test_every_file_is_listed_or_named_with_the_reason(top):
    found = list_folder(top)
    names = [path.relative_to(top).as_posix() for path in found.files]
    assert names == ["run/e.mp4", "walk/a.mp4", "walk/deep/d.ts", "walk/f.mp4", "walk/notes.txt"]
    assert {one.path: one.reason for one in found.excluded} == {
        ".Trash": "hidden folder",
        "__MACOSX": "folder of the system",
        "run/self": "link in a circle",
        "walk/.b.mp4": "hidden file",
        "walk/Thumbs.db": "hidden file",
        "walk/gone.mp4": "link to nothing",
        "walk/loop": "link in a circle",
        "walk/pipe.mp4": "neither file nor folder",
        "walk/up": "link in a circle",
    }
    said = counted(one.reason for one in found.excluded)
    assert said.startswith("3 x link in a circle, 2 x hidden file, 1 x folder of the system")
    videos, others = not_videos(found.files, top, {".mp4", ".ts"})
    assert len(videos) == 4
    assert others == [Excluded("walk/notes.txt", "no video (.txt)")]


def test_folders_that_link_to_each_other_end(tmp_path):
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "to").symlink_to(tmp_path / other)
    assert {one.path for one in list_folder(tmp_path).excluded} == {"a/to/to", "b/to/to"}


def test_a_folder_that_cannot_be_read_stops_or_is_named(top, monkeypatch):
    real = os.scandir

    def scandir(place):
        if str(place).endswith("run"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(listing.os, "scandir", scandir)
    with pytest.raises(FailedWork, match=r"cannot read .*/run: Permission denied; make it readable"):
        list_folder(top)
    assert Excluded("run", "unreadable") in list_folder(top, strict=False).excluded


def test_the_same_bytes_under_two_labels_are_found(tmp_path):
    for name, text in (("a", "same"), ("b", "same"), ("c", "same"), ("d", "diff"), ("e", "other"), ("f", "other")):
        (tmp_path / name).write_text(text)
    labels = {"a": "walk", "b": "walk", "c": "sit", "d": "sit", "e": "run", "f": "run"}
    same = copies([Labelled(name, label, tmp_path / name) for name, label in labels.items()])
    assert [[clip.id for clip in equal] for equal in same] == [["a", "b", "c"], ["e", "f"]]
    assert contradictions(same) == {
        "a": "label 'walk', but the same bytes are c with label 'sit': one is wrong",
        "b": "label 'walk', but the same bytes are c with label 'sit': one is wrong",
        "c": "label 'sit', but the same bytes are a with label 'walk': one is wrong",
    }
    assert copies_in_words(same) == "1 clip is a copy of another, byte for byte: f of e"
    assert copies([Labelled("gone", "run", tmp_path / "gone"), Labelled("nul", "run", tmp_path / "n\0")]) == []


def test_why_there_is_no_file_is_said_in_words(top, tmp_path):
    reasons = {
        name: why_no_file(top / name) for name in ("walk", "nothing", "walk/a.mp4/b", "walk/pipe.mp4", "x" * 300)
    }
    assert reasons.pop("x" * 300) == "File name too long"
    assert list(reasons.values()) == ["a folder", "no such file", "no such file", "neither file nor folder"]
    assert why_no_file(top / "walk" / "gone.mp4") == f"link to nothing ({tmp_path / 'nowhere'})"
    assert why_no_file(top / "walk" / "loop").startswith("Too many levels of symbolic links")
    assert why_no_file(top / "walk" / "f.mp4") == ""


def test_spaces_behind_a_suffix_do_not_count(tmp_path):
    (tmp_path / "y.mp4\r").write_text("")
    (tmp_path / "Z.MP4 ").write_text("")
    (tmp_path / "n.txt\r").write_text("")
    videos, others = not_videos(list_folder(tmp_path).files, tmp_path, {".mp4"})
    assert [path.name for path in videos] == ["Z.MP4 ", "y.mp4\r"]
    assert others == [Excluded(r"n.txt\r", "no video (.txt)")]


def test_one_and_several_have_their_words():
    assert [several(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert several(1, "clip", "with corrupt frames", verb=True) == "1 clip with corrupt frames is"
    assert several(2, "clip", verb=True) == "2 clips are"
