"""submitit: tasks as processes of this machine, or as arrays of Slurm; it keeps each one's log and result in files."""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli.errors import FailedWork
from darkhar_cli.launch.launchers.contract import Ended, Task, lost
from darkhar_cli.launch.launchers.surroundings import cores, gpus

_ASK_AGAIN_S = {"local": 0.1, "slurm": 5.0}


class _Submitit:
    """What both have in common.

    Args:
        logs: the folder of its logs, scripts and results.
    """

    cluster = ""
    name = "darkhar"

    def __init__(self, logs: Path):
        self.logs = logs

    def _executor(self, **parameters: Any) -> Any:
        from submitit import AutoExecutor

        try:
            executor = AutoExecutor(folder=str(self.logs), cluster=self.cluster)
        except RuntimeError as problem:
            raise FailedWork(f"hydra/launcher=submitit_{self.cluster}: {str(problem).splitlines()[0]}") from problem
        executor.update_parameters(name=self.name, **parameters)
        return executor

    def _finished(self, running: dict[Any, Task]) -> Iterator[list[Ended]]:
        """Yield how those of the running tasks ended that have, and take them out."""
        for job, task in list(running.items()):
            if job.done():
                del running[job]
                yield self._ended(job, task)

    def _ended(self, job: Any, task: Task) -> list[Ended]:
        try:
            return list(job.result())
        except Exception as problem:  # its process is gone, or could not begin
            first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            return lost(task, f"its process ended: {first}; log: {job.paths.stderr}")


class SubmititLocal(_Submitit):
    """Runs each task in a process of its own on this machine.

    Args:
        logs: the folder of its logs and results.
        n_jobs: tasks at once; None: one per GPU, or per core.
        threads: of each; None: cores / n_jobs.
        timeout_min: minutes a task may take.
    """

    cluster, per_task, ends_with_command = "local", 1, True

    def __init__(self, logs: Path, n_jobs: int | None = None, threads: int | None = None, timeout_min: int = 1440):
        super().__init__(logs)
        self.devices: tuple[str, ...] | None = gpus()
        self.at_once = n_jobs or len(self.devices) or cores()
        self.threads = threads or max(1, cores() // self.at_once)
        self.timeout_min = timeout_min

    def run(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        """Yield how the works of each task ended; so many run at once."""
        executor = self._executor(timeout_min=self.timeout_min)
        coming = list(reversed(tasks))
        running: dict[Any, Task] = {}
        try:
            while coming or running:
                while coming and len(running) < self.at_once:
                    task = coming.pop()
                    running[executor.submit(task)] = task
                yield from self._finished(running)
                time.sleep(_ASK_AGAIN_S[self.cluster])
        finally:
            for job in running:
                with contextlib.suppress(Exception):
                    job.cancel(check=False)


class SubmititSlurm(_Submitit):
    """Runs tasks as an array of Slurm; they go on when the command is stopped, and it finds them finished later.

    Args:
        logs: the folder of its logs, scripts and results, on a file system that all nodes see.
        others: as in `conf/hydra/launcher/submitit_slurm.yaml`.
    """

    cluster, ends_with_command = "slurm", False
    devices: tuple[str, ...] | None = None  # Slurm shows each task its own

    def __init__(
        self,
        logs: Path,
        jobs_per_task: int = 1,
        timeout_min: int = 240,
        partition: str | None = None,
        cpus_per_task: int = 4,
        gpus_per_node: int = 0,
        mem_gb: int = 8,
        array_parallelism: int = 256,
        setup: Sequence[str] = (),
        parameters: Mapping[str, Any] | None = None,
    ):
        super().__init__(logs)
        self.per_task, self.threads, self.at_once = jobs_per_task, cpus_per_task, array_parallelism
        self._parameters: dict[str, Any] = {
            "timeout_min": timeout_min,
            "cpus_per_task": cpus_per_task,
            "mem_gb": mem_gb,
            "slurm_array_parallelism": array_parallelism,
        }
        if gpus_per_node:
            self._parameters["gpus_per_node"] = gpus_per_node
        if partition:
            self._parameters["slurm_partition"] = partition
        if setup:
            self._parameters["slurm_setup"] = list(setup)
        if parameters:
            self._parameters["slurm_additional_parameters"] = dict(parameters)

    def run(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        """Yield how the works of each task ended."""
        executor = self._executor(**self._parameters)
        with executor.batch():
            jobs = [executor.submit(task) for task in tasks]
        running = dict(zip(jobs, tasks, strict=True))
        while running:
            yield from self._finished(running)
            time.sleep(_ASK_AGAIN_S[self.cluster] if running else 0)
