"""Worker processes that do not run the caller's script again, as Python's own spawned ones do: it may have no guard, or
be a notebook, or standard input."""

import sys
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any


class WorkerProcess(SpawnProcess):
    """A spawned process that knows nothing of `__main__`; what it runs must stand in a module."""

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802 - multiprocessing's own name
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process)
        finally:
            sys.modules["__main__"] = main


class WorkerContext(SpawnContext):
    """For `ProcessPoolExecutor(mp_context=...)`."""

    Process = WorkerProcess
