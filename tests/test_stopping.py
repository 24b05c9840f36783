"""SIGTERM and SIGHUP are handled like Ctrl-C: a line that says what is kept, and no process left, soon."""

import json
import signal
import subprocess
import sys
import time

import pytest

from darkhar_cli import stopping
from tests.helpers.sessions import session_of

# A program whose main thread is in a library that takes no notice, or in a pool of processes.
STUCK = """
import sys, threading, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from darkhar_cli import cli, stopping
from darkhar_cli.launch import app

def run(verb, words):
    print("ready", flush=True)
    if words[0] == "native":
        pool = ThreadPoolExecutor(1)
        pool.submit(time.sleep, 60)
        while True:
            try:
                time.sleep(60)
            except BaseException:  # as deaf as a compiled loop
                pass
    if words[0] == "processes":
        pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=stopping.follow_parent)
        with stopping.leaving(pool) as workers:
            list(workers.map(time.sleep, [60] * 8))

if __name__ == "__main__":
    app.run = run
    sys.argv = ["darkhar", *sys.argv[1:]]
    sys.exit(cli.main())
"""

# A program that holds a claim and is writing a file.
CLAIMING = """
import sys, time
from pathlib import Path
from darkhar_cli import cli
from darkhar_cli.files import asides, claims
from darkhar_cli.launch import app

def write(path):
    path.write_text("half")
    print("ready", flush=True)
    time.sleep(60)

def run(verb, words):
    with claims.held(Path(".claim"), "it"):
        asides.write_aside(Path("table.csv"), write)

app.run = run
sys.argv = ["darkhar", "prepare"]
sys.exit(cli.main())
"""


@pytest.fixture(autouse=True)
def heeded():
    """No signal is ignored from the start, as in the background of a shell or under nohup; children inherit that."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def start(tmp_path):
    """Start the program in a session of its own."""
    (tmp_path / "stuck.py").write_text(STUCK)
    started = []

    def run(*words):
        command = [sys.executable, "stuck.py", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **pipes))
        assert started[-1].stdout.readline() == "ready\n"
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("where", ["native", "processes"])
def test_sigterm_ends_the_program_wherever_it_is(start, where):
    process = start("train", where)
    if where == "processes":
        deadline = time.monotonic() + 30
        while len(session_of(process.pid)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)  # a process that is just being started complains when its parent goes
    sent = time.monotonic()
    process.send_signal(signal.SIGTERM)
    err = process.communicate(timeout=30)[1]
    assert process.returncode == 143
    assert err.splitlines() == [
        "stopped (SIGTERM); finished folds and computed features are kept: the same command goes on from there"
    ]
    assert time.monotonic() - sent < 10, "two seconds on a machine that has nothing else to do"
    deadline = time.monotonic() + 10
    while session_of(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert session_of(process.pid) == []


@pytest.mark.parametrize(("ignored", "code"), [(False, 129), (True, 130)])
def test_a_closed_terminal_takes_claims_and_half_made_data_back_unless_it_is_ignored(tmp_path, ignored, code):
    (tmp_path / "claiming.py").write_text(CLAIMING)
    command = [*(["nohup"] if ignored else []), sys.executable, "claiming.py"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, **pipes)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    if ignored:
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert err.splitlines()[-1].startswith("interrupted;" if ignored else "stopped (SIGHUP);")
    assert [path.name for path in tmp_path.iterdir() if path.name != "__pycache__"] == ["claiming.py"]


IN_PROCESS = """
import json, signal
from darkhar_cli import cli
from darkhar_cli.launch import app

ours = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
before, answers = [signal.getsignal(number) for number in ours], []
for number in ours:
    app.run = lambda verb, words: signal.raise_signal(number)
    answers.append(cli.main(["prepare"]))
print(json.dumps([answers, [signal.getsignal(number) for number in ours] == before]))
"""


def test_signals_have_the_exit_codes_of_a_shell(tmp_path):
    """Called with words, as from another program, whose handlers come back; that is a process of its own here."""
    program = [sys.executable, "-c", IN_PROCESS]
    answer = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True)
    assert json.loads(answer.stdout) == [[130, 143, 129], True]
    words = ("interrupted;", "stopped (SIGTERM);", "stopped (SIGHUP);")
    assert answer.stderr.splitlines() == [
        f"{said} nothing half-made is kept: the same command starts again" for said in words
    ]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping.handled("train", whole_process=False):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)
