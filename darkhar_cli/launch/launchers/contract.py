"""What a launcher is: it has an engine (joblib, submitit, Ray) run tasks in other processes, and says how each ended.

Hydra has launchers of its own for these engines, under the same words. They compose each job again in its process, know
no stage before the jobs and no devices, end with their first broken process, and tell nothing until all jobs are done;
so the engines are called directly, and `hydra/launcher=joblib` means these, whether or not Hydra's package is there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from darkhar_cli.launch.launchers.surroundings import Surroundings

Work = Callable[[], Any]  # picklable; what it returns is picklable too


@dataclass(frozen=True)
class Task:
    """Work for one process of an engine.

    Attributes:
        works: done one after the other, with their numbers.
        surroundings: what the process needs first.
    """

    works: tuple[tuple[int, Work], ...]
    surroundings: Surroundings

    def __call__(self) -> "list[Ended]":
        """Do the works in whatever process this is; a failure of one is no reason not to do the next."""
        self.surroundings.enter()
        return [_ended(number, work) for number, work in self.works]

    def checkpoint(self) -> Any:
        """Return what submitit queues in place of a task that is preempted: the same, which goes on by itself."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


@dataclass(frozen=True)
class Ended:
    """How a work ended: what it returned, or the problem in words (empty where there is none)."""

    number: int
    value: Any = None
    problem: str = ""


def _ended(number: int, work: Work) -> Ended:
    try:
        return Ended(number, work())
    except Exception as problem:
        return Ended(number, problem=f"{problem}" or type(problem).__name__)


def lost(task: Task, why: str) -> list[Ended]:
    """Return how the works of a task ended whose process is gone."""
    return [Ended(number, problem=why) for number, _ in task.works]


class Launcher(Protocol):
    """Runs tasks.

    Attributes:
        at_once: how many tasks run at a time at most, as far as that is known beforehand.
        per_task: how many works a task may have.
        threads: of each task.
        ends_with_command: its processes on this machine end when the command's does.
        devices: ids of GPUs that tasks have to share out among themselves; None where the engine does that.
    """

    at_once: int
    per_task: int
    threads: int
    ends_with_command: bool
    devices: tuple[str, ...] | None

    def run(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        """Yield how the works of each task ended, in whatever order they do.

        Raises:
            FailedWork: the engine itself cannot work.
        """
        ...
