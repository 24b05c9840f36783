"""Ray: tasks on the nodes of a cluster, or on this machine; those of a node that dies are started on another."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from darkhar_cli.errors import FailedWork
from darkhar_cli.launch.launchers.contract import Ended, Task, lost


class RayLauncher:
    """Runs tasks with Ray; all nodes see the same files.

    Args:
        address: of a running cluster; None starts Ray on this machine and ends it behind the last task.
        num_cpus: of a task.
        num_gpus: of a task.
        max_retries: how often a task is started again whose node or process died.
    """

    per_task, ends_with_command = 1, False
    devices: tuple[str, ...] | None = None  # Ray shows each task its own

    def __init__(self, address: str | None = None, num_cpus: int = 1, num_gpus: float = 0, max_retries: int = 3):
        self.address, self.num_cpus, self.num_gpus, self.max_retries = address, num_cpus, num_gpus, max_retries
        self.threads, self.at_once = num_cpus, 0

    def run(self, tasks: Sequence[Task]) -> Iterator[list[Ended]]:
        """Yield how the works of each task ended, in whatever order they do."""
        import ray

        self._begin(ray)
        try:
            remote = ray.remote(num_cpus=self.num_cpus, num_gpus=self.num_gpus, max_retries=self.max_retries)(_do)
            running = {remote.remote(task): task for task in tasks}
            while running:
                done, _ = ray.wait(list(running), num_returns=1)
                yield self._ended(ray, done[0], running.pop(done[0]))
        finally:
            ray.shutdown()

    def _begin(self, ray: Any) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to Ray's makers
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            here = {} if self.address else {"include_dashboard": False}
            ray.init(address=self.address, log_to_driver=False, logging_level="error", **here)
        except Exception as problem:
            where = f"no cluster at {self.address}" if self.address else "Ray cannot start here"
            raise FailedWork(
                f"hydra/launcher=ray: {where}: {(str(problem) or 'no reason given').splitlines()[0]}"
            ) from problem

    def _ended(self, ray: Any, result: Any, task: Task) -> list[Ended]:
        try:
            return list(ray.get(result))
        except Exception as problem:
            cause = (str(problem).strip().splitlines() or [type(problem).__name__])[-1]  # below the remote traceback
            return lost(task, f"Ray could not run it: {cause.strip()}")


def _do(task: Task) -> list[Ended]:
    return task()
