"""Temporary files of a process have a folder of their own, gone with it, or with the next process."""

import os
import subprocess
import sys
import tempfile

import pytest

from darkhar_cli.files import temporary

KILLED = """
import os, signal, tempfile
from darkhar_cli.files import temporary
with temporary.own_folder():
    tempfile.mkdtemp()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_is_made_in_the_block_goes_with_it(place):
    with temporary.own_folder():
        made = tempfile.mkdtemp()
        assert os.path.dirname(os.path.dirname(made)) == str(place)
        assert os.stat(os.path.dirname(made)).st_mode & 0o777 == 0o700
    assert list(place.iterdir()) == []
    assert tempfile.gettempdir() == str(place)


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else(place):
    (place / "other").mkdir()
    subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(place)}, check=False)
    assert len(list(place.iterdir())) == 2
    with temporary.own_folder():
        assert len(list(place.iterdir())) == 2, "the dead process's is gone, ours is there"
    assert [path.name for path in place.iterdir()] == ["other"]


def test_where_none_can_be_made_all_goes_on(place, monkeypatch):
    (place / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(place / "file"))
    with temporary.own_folder():
        assert tempfile.gettempdir() == str(place / "file")
