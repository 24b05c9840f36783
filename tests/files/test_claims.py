"""Claims: one process at a time, the others wait and are told for whom; nothing has to be tidied up by hand."""

import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.files import asides, claims

HOLD = """
import sys, time
from pathlib import Path
from darkhar_cli.files import claims
with claims.held(Path(sys.argv[1]), "it", lambda said: print(said, flush=True)):
    print("held", flush=True)
    with open(sys.argv[2], "a") as file:
        file.write("in\\n"); file.flush()
        time.sleep(float(sys.argv[3]))
        file.write("out\\n")
"""


def holder(file, log, seconds):
    command = [sys.executable, "-c", HOLD, str(file), str(log), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_four_processes_take_turns(tmp_path):
    file, log = tmp_path / "run" / ".claim", tmp_path / "log"
    processes = [holder(file, log, 0.3) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in processes]
    assert log.read_text().split() == ["in", "out"] * 4
    waited = [text for text in said if "waiting until it is done" in text]
    assert waited
    assert any(
        f"is in use by process {processes[i].pid} on {socket.gethostname()} since" in "".join(waited) for i in range(4)
    )
    assert not file.exists(), "nothing is left behind"


def test_a_claim_ends_with_its_process_however_that_ends(tmp_path):
    file = tmp_path / ".claim"
    process = holder(file, tmp_path / "log", 60)
    assert process.stdout.readline() == "held\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert file.exists()
    told = []
    with claims.held(file, "it", told.append):
        assert json.loads(file.read_text())["pid"] == os.getpid()
    assert told == []
    assert not file.exists()


@pytest.fixture
def no_locks(monkeypatch):
    """A file system without locks."""

    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(claims, "_ASK_AGAIN_S", 0.05)


def test_without_locks_the_name_in_the_file_decides(tmp_path, no_locks):
    file = tmp_path / ".claim"
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    about = {"pid": process.pid, "host": "here", "since": "then", "machine": asides.machine()}
    file.write_text(json.dumps(about))
    told = []

    def tell(said):
        told.append(said)
        process.communicate(b"\n")

    started = time.monotonic()
    with claims.held(file, "it", tell):
        assert time.monotonic() - started < 10
    assert told == [
        f"it is in use by process {process.pid} on here since then: waiting until it is done (Ctrl-C stops waiting)"
    ]
    file.write_text(json.dumps({**about, "machine": "another", "host": "there"}))
    with pytest.raises(FailedWork, match=r"by process \d+ on there since then; if that has ended, remove .*claim"):
        claims.held(file, "it", told.append).__enter__()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedWork, match=r"cannot write to .*claim"):
        claims.held(tmp_path / "file" / ".claim", "it").__enter__()
