"""A process that has imported everything and forks the program from there: a trial costs its own work alone.

`python -m tests.chaos.stage` reads one order (JSON) a line and answers each by a line. An order:

    words: of the command; all of `commands` are started at once instead, where that is given
    cwd, env, log: where it runs, with what more in its environment, where its output goes
    after, signal: so many seconds after its start it gets this signal
    rename, when: or it kills itself `before` or `after` its so many-th rename (from 0)

The answer of each command: its exit code (negative: the signal that ended it), seconds, seconds from the signal on,
how many renames it has made, and how many of its own processes were still there a moment later.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from tests.helpers.sessions import session_of


def load() -> None:
    """Import what a run imports; nothing of it may have started a thread."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras  # noqa: F401
    import openvino  # noqa: F401
    import tensorflow_datasets  # noqa: F401

    from darkhar_cli import cli  # noqa: F401
    from darkhar_cli.launch import app, jobs, sweep, training_job  # noqa: F401
    from darkhar_cli.report import figures, html  # noqa: F401
    from darkhar_cli.training import cross_validation, from_config, planning, tracking, trainer  # noqa: F401


def count_renames(at: int | None, when: str, note: Path) -> None:
    """Count renames of whole files and folders; die before or after one of them."""
    rename, made = os.replace, 0

    def counted(*args: object, **kwargs: object) -> None:
        nonlocal made
        if made == at and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        rename(*args, **kwargs)
        made += 1
        note.write_text(str(made))
        if made - 1 == at and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = counted


def child(order: dict, words: list[str], note: Path) -> None:
    """Be the program, in a session of its own."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(order["cwd"])
    os.environ.update(order.get("env", {}))
    count_renames(order.get("rename"), order.get("when", ""), note)
    from darkhar_cli import cli

    sys.argv = ["darkhar", *words]
    code = cli.main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def left_after(pid: int) -> int:
    """Return how many processes of an ended one are left, once they had some seconds to notice."""
    end = time.monotonic() + 10
    while (left := session_of(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    return len(left)


def follow(order: dict) -> list[dict]:
    """Start what an order says, and return what became of it."""
    notes, started, begun = {}, [], time.monotonic()
    for words in order.get("commands") or [order["words"]]:
        note = Path(f"{order['log']}.renames{len(started)}")
        note.unlink(missing_ok=True)
        pid = os.fork()
        if not pid:
            try:
                child(order, words, note)
            finally:
                os._exit(70)
        started.append(pid)
        notes[pid] = note
    sent = None
    if "after" in order:
        time.sleep(order["after"])
        sent = time.monotonic()
        os.kill(started[0], order["signal"])  # a zombie, where it has ended by then
    answers = {}
    for _ in started:
        pid, status = os.wait()
        now = time.monotonic()
        made = notes[pid].read_text() if notes[pid].is_file() else "0"
        answers[pid] = {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": round(now - begun, 2),
            "since": None if sent is None else round(now - sent, 2),
            "renames": int(made or 0),
            "left": left_after(pid),
        }
    return [answers[pid] for pid in started]


def main() -> None:
    """Follow orders until there are no more."""
    load()
    answer = os.dup(1)
    os.dup2(2, 1)
    os.write(answer, b"ready\n")
    for line in sys.stdin:
        os.write(answer, (json.dumps(follow(json.loads(line))) + "\n").encode())


if __name__ == "__main__":
    main()
