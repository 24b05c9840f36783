"""joblib: tasks in worker processes of this machine, which are kept: TensorFlow is loaded once in each."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

from darkhar_cli.launch.launchers.contract import Ended, Task, lost
from darkhar_cli.launch.launchers.surroundings import cores, gpus

_TRIES = 2  # of a task whose process died: the first may have been another task's fault


class JoblibLauncher:
    """Runs tasks with joblib's process backend (loky).

    Args:
        n_jobs: tasks at once; None: one per GPU, or per core.
        threads: of each; None: cores / n_jobs.
    """

    per_task, ends_with_command = 1, True

    def __init__(self, n_jobs: int | None = None, threads: int | None = None):
        self.devices: tuple[str, ...] | None = gpus()
        self.at_once = n_jobs or len(self.devices) or cores()
        self.threads = threads or max(1, cores() // self.at_once)

    def run(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        """Yield how the works of each task ended, in whatever order they do; the processes end with the last."""
        from joblib.externals.loky import get_reusable_executor

        try:
            yield from self._ended(tasks)
        finally:
            get_reusable_executor().shutdown(wait=True)  # those of another sweep are settled in another way

    def _ended(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        waiting, tries = dict(enumerate(tasks)), dict.fromkeys(range(len(tasks)), 0)
        while waiting:
            for number in waiting:
                tries[number] += 1
            # A process that dies takes all tasks under way with it: those are tried again, at last one by one.
            several = max(tries[number] for number in waiting) < _TRIES
            for batch in [waiting] if several else [{number: task} for number, task in waiting.items()]:
                with contextlib.suppress(TerminatedWorkerError):
                    for number, ended in self._results(dict(batch)):
                        waiting.pop(number)
                        yield ended
            if not several:
                for task in waiting.values():
                    yield lost(task, "its process was ended from outside (out of memory?)")
                return

    def _results(self, tasks: dict[int, Task]) -> Iterator[tuple[int, list[Ended]]]:
        from joblib import Parallel, delayed

        pool: Any = Parallel(n_jobs=self.at_once, backend="loky", return_as="generator_unordered", batch_size=1)
        yield from pool(delayed(_numbered)(number, task) for number, task in tasks.items())


def _numbered(number: int, task: Task) -> tuple[int, list[Ended]]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):  # each job has its log.txt
        return number, task()
