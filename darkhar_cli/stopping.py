"""Ctrl-C, SIGTERM and a closed terminal: what runs is left within two seconds, with a line that says what is kept.

Python runs signal handlers between two of its own steps, which may be long: a compiled model, a thread pool that is
waited for. So a thread is woken by the signal itself and ends the process when the main thread has not done so.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from multiprocessing import active_children, parent_process
from types import FrameType

_GRACE_S = 0.7  # for the main thread to leave: claims given back, temporary files removed
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KEPT = {
    "train": "finished folds and computed features are kept: the same command goes on from there",
    "predict": "every row that is written is whole; json, tables and timelines hold what was predicted so far",
    "refit": "the run and its folds' models are as they were: the same command starts again",
    "extract": "computed features are kept: the same command goes on from there",
    "prepare": "nothing half-made is kept: the same command starts again",
}


class Stopped(BaseException):
    """A signal asked the program to end; like KeyboardInterrupt, no part catches it by accident."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """Return what a shell expects: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP."""
        return 128 + self.number


def of(ended: BaseException) -> Stopped:
    """Return what ended the program; Python's own KeyboardInterrupt, where our handler does not stand, is Ctrl-C."""
    return ended if isinstance(ended, Stopped) else Stopped(signal.SIGINT)


def message(verb: str, number: int) -> str:
    """Return the line for whoever stopped the program."""
    name = "interrupted" if number == signal.SIGINT else f"stopped ({signal.Signals(number).name})"
    return f"{name}; {_KEPT.get(verb, 'the same command starts again')}"


@contextlib.contextmanager
def handled(verb: str, whole_process: bool) -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into `Stopped` inside the block.

    Args:
        verb: what runs; decides what is said.
        whole_process: the process is ours, so it is ended where the main thread does not leave in time.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # nohup and shells mean it
    for number in ours:
        signal.signal(number, _stop)
    if whole_process:
        _watch(verb)
    try:
        yield
    finally:
        if not whole_process:
            for number in ours:
                signal.signal(number, before[number])


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _watch(verb: str) -> None:
    """Start the thread that ends the process when a signal came and the main thread is still there."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    ends = (ours, theirs)  # kept open by the thread
    _terminal.append(os.dup(2))  # native libraries' greetings are held back by redirecting it

    def watch() -> None:
        while True:
            got = [number for number in ends[0].recv(64) if number in _SIGNALS]
            if got and signal.getsignal(got[0]) is _stop:
                time.sleep(_GRACE_S)
                _end(verb, got[0])

    threading.Thread(target=watch, name="stopping", daemon=True).start()


_said = threading.Event()
_terminal: list[int] = []


def say(verb: str, number: int) -> None:
    """Print the line for whoever stopped the program, once where the whole process ends."""
    if _terminal and _said.is_set():
        return
    _said.set()
    with contextlib.suppress(OSError, ValueError):
        if _terminal:
            sys.stderr.flush()
            os.write(_terminal[0], (message(verb, number) + "\n").encode())
        else:
            print(message(verb, number), file=sys.stderr, flush=True)


def _end(verb: str, number: int) -> None:
    say(verb, number)
    end_children()
    os._exit(128 + number)


def end_children() -> None:
    """End the worker processes that this one started; the threads that look after them have nothing to report."""
    threading.excepthook = lambda _: None
    for child in active_children():
        with contextlib.suppress(OSError, ValueError):
            child.kill()


@contextlib.contextmanager
def leaving(workers: Executor) -> Iterator[Executor]:
    """Use workers; when the block is left by an error or a signal, what waits is dropped instead of worked off."""
    try:
        yield workers
    except BaseException:
        workers.shutdown(wait=False, cancel_futures=True)
        raise
    workers.shutdown()


def follow_parent() -> None:
    """In a worker process: leave signals from the terminal to the parent, and end when it has ended."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
