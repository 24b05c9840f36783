"""Clips checked in processes of their own, which a decoder may crash or hang in without taking the run along.

What it costs: a process takes a second to start, and the bytes are read twice; on 150 clips of 116 MiB together that
was 4.5 % of the processor time, so few clips are checked in the run's own process (`WORTH_IT`).
"""

import contextlib
import signal
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from darkhar_cli import stopping
from darkhar_cli.data.clip_store import StoredClip
from darkhar_cli.data.sources import Checked, check
from darkhar_cli.data.video import ClipError, limits, read_clip
from darkhar_cli.data.worker_processes import WorkerContext

WORTH_IT = 24  # more clips than this
_PASSES = 2  # of decoding that a check may take in full, before its process is ended
_GRACE_S = 30.0


def _serve(requests: Any) -> None:
    """Check one clip after the other, in a process of its own, until the parent has ended."""
    stopping.follow_parent()
    with contextlib.suppress(EOFError):
        while True:
            path, keep_damaged = requests.recv()
            found = check(partial(read_clip, path), keep_damaged)
            requests.send(found if isinstance(found, str) else found[1])


class _Worker:
    """A process that checks clips."""

    def __init__(self) -> None:
        context = WorkerContext()
        self._requests, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, path: Path, keep_damaged: bool) -> StoredClip | str | None:
        """Return what is found of a clip or why it is refused; None where that is not known in time.

        Raises:
            EOFError: the process has ended.
        """
        self._requests.send((path, keep_damaged))
        seconds = _PASSES * limits.chosen("seconds", limits.MAX_SECONDS) + _GRACE_S
        found: StoredClip | str | None = self._requests.recv() if self._requests.poll(seconds) else None
        return found

    def end(self) -> int:
        """End the process; return its exit code, of a signal the negative number."""
        self._requests.close()
        self._process.join(1.0)
        self._process.kill()
        self._process.join()
        return self._process.exitcode or 0


class CheckedApart:
    """Checks clips for several threads, each by a process of its own.

    Args:
        count: how many threads.
        start: makes a worker.
    """

    def __init__(self, count: int, start: Callable[[], Any] = _Worker):
        self._start = start
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(count):
            self._idle.put(None)

    def check(self, path: Path, keep_damaged: bool) -> Checked | str:
        """Return a clip's bytes and what they hold, or the reason why it cannot be used."""
        worker = self._idle.get()
        try:
            worker = worker or self._start()
            found = worker.ask(path, keep_damaged)
            if found is None:
                worker.end()
                worker = None
                return "decoding does not come to an end: its process was stopped"
        except (EOFError, OSError):
            if worker is None:  # none could be started
                raise
            code, worker = worker.end(), None
            return _why(code)
        finally:
            self._idle.put(worker)
        return found if isinstance(found, str) else _with_bytes(path, found)

    def close(self) -> None:
        """End the processes, when no thread asks any more."""
        while not self._idle.empty():
            worker = self._idle.get()
            if worker:
                worker.end()


def _why(code: int) -> str:
    """Return in words how a process ended while it decoded a clip."""
    if code == -signal.SIGKILL:
        return "its process was killed while it was decoded, most likely because memory ran out"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"exit code {code}"
    return f"the video decoder crashed on it ({name})"


def _with_bytes(path: Path, clip: StoredClip) -> Checked | str:
    try:
        data = read_clip(path)
    except ClipError as problem:
        return str(problem)
    except OSError as problem:
        return problem.strerror or str(problem)
    return (data, clip) if sha256(data).hexdigest() == clip.digest else "it changed while it was read"
