"""A decoder that crashes, hangs or is killed costs one clip, named, and no more."""

import os
import signal

import pytest

from darkhar_cli.data import checking_apart, dataset_builder
from darkhar_cli.data.checking_apart import CheckedApart
from darkhar_cli.data.sources import Damage, check
from darkhar_cli.data.video import limits
from tests.helpers.generated_clips import damaged, encode


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    place = tmp_path_factory.mktemp("clips")
    (place / "good.mp4").write_bytes(encode("mp4", "h264"))
    (place / "bad.mp4").write_bytes(b"I am no video")
    (place / "damaged.avi").write_bytes(damaged(encode("avi", "ffv1"), 4))
    return place


def test_what_is_found_apart_is_what_is_found_here(files):
    apart = CheckedApart(1)
    try:
        for path in sorted(files.iterdir()):
            here, there = check(path.read_bytes, False), apart.check(path, False)
            assert there == here
            assert type(there) is type(here)
        assert isinstance(apart.check(files / "damaged.avi", False), Damage)
        assert apart.check(files / "none.mp4", False) == "No such file or directory"
    finally:
        apart.close()


class Dying:
    """A worker whose process is not there any more."""

    def __init__(self, code):
        self.code = code

    def ask(self, path, keep_damaged):
        raise EOFError

    def end(self):
        return self.code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-signal.SIGSEGV, r"the video decoder crashed on it \(SIGSEGV\)"),
        (-signal.SIGKILL, "its process was killed while it was decoded, most likely because memory ran out"),
        (3, r"the video decoder crashed on it \(exit code 3\)"),
    ],
)
def test_how_a_process_ended_is_named(files, code, said):
    import re

    apart = CheckedApart(1, start=lambda: Dying(code))
    assert re.fullmatch(said, apart.check(files / "good.mp4", False))


def test_a_killed_process_is_replaced(files):
    apart = CheckedApart(1)
    try:
        clip = apart.check(files / "good.mp4", False)
        worker = apart._idle.get()
        os.kill(worker._process.pid, signal.SIGKILL)
        worker._process.join()
        apart._idle.put(worker)
        assert "memory ran out" in apart.check(files / "good.mp4", False)
        assert apart.check(files / "good.mp4", False) == clip
    finally:
        apart.close()


def test_a_process_that_does_not_answer_is_ended(files, monkeypatch):
    apart = CheckedApart(1)
    try:
        apart.check(files / "good.mp4", False)
        process = apart._idle.get()
        apart._idle.put(process)
        os.kill(process._process.pid, signal.SIGSTOP)
        monkeypatch.setattr(checking_apart, "_GRACE_S", 0.2)
        monkeypatch.setattr(limits, "MAX_SECONDS", 0)
        found = apart.check(files / "good.mp4", False)
        assert found == "decoding does not come to an end: its process was stopped"
        assert not process._process.is_alive()
    finally:
        apart.close()


def test_many_clips_are_checked_apart(files, tmp_path, monkeypatch):
    """A data set of a few clips is not; here the fewest are enough, and no process outlives the preparation."""
    from multiprocessing import active_children

    from tests.conftest import write_clips
    from tests.helpers.video_folders import opened

    monkeypatch.setattr(dataset_builder, "WORTH_IT", 2)
    root = write_clips(tmp_path / "clips", takes=1)
    (root / "right" / "right_9_9.mp4").write_bytes(b"I am no video")
    before = active_children()
    clips = opened(root, data_dir=str(tmp_path / "home"), on_error="skip")
    assert len(clips.table) == 3
    assert clips.skipped["reason"].str.startswith("not a video").tolist() == [True]
    assert active_children() == before
