"""What a process needs before it runs jobs: folder, environment, the user's own parts, threads, and its GPU.

All of it is settled before TensorFlow is imported, which takes every core and every GPU that it sees at that moment.
"""

import contextlib
import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli import ambient, console
from darkhar_cli.config import schema

_HANDED_ON = ("DARKHAR_", "TF_", "TF2_", "XLA_", "KERAS_", "ONEDNN_", "DNNL_", "OPENCV_", "OV_", "CUBLAS_", "CUDNN_")
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # read by libraries when they are loaded
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_entered: list[int] = []  # the lock of this process's place


@dataclass(frozen=True)
class Surroundings:
    """What the command's process hands to those that run its jobs.

    Attributes:
        folder: the working directory.
        environment: those of its variables that matter.
        own_folders: of the user's own options.
        threads: of each process.
        devices: ids of GPUs; each process takes one, in turn. None: whatever the engine shows it.
        places: a folder in which processes of one machine say which place, and so which GPU, is theirs.
        parent: the command's process, on whose machine a process ends with it; 0: it outlives the command.
    """

    folder: str
    environment: Mapping[str, str]
    own_folders: tuple[Path, ...]
    threads: int
    devices: tuple[str, ...] | None = None
    places: str = ""
    parent: int = 0

    def enter(self) -> None:
        """Settle this process, once; later jobs find it settled."""
        if _entered:
            return
        _entered.append(self._take_place())
        for stale in [name for name in os.environ if name.startswith(_HANDED_ON) and name not in self.environment]:
            del os.environ[stale]
        os.environ.update(self.environment)
        os.environ.update({name: str(self.threads) for name in (ambient.THREADS, *_POOLS)})
        if self.devices:
            os.environ[_VISIBLE] = self.devices[self._place % len(self.devices)]
        with contextlib.suppress(OSError):  # another machine may not have it
            os.chdir(self.folder)
        ambient.prepare_environment()
        schema.set_own_folders(self.own_folders)
        console.set_quiet(True)
        if self.parent:
            threading.Thread(target=_end_with, args=(self.parent,), daemon=True).start()

    @property
    def _place(self) -> int:
        return _entered[0]

    def _take_place(self) -> int:
        """Return the first place that no living process has; the lock goes with this process."""
        if not (self.places and self.devices):
            return 0
        place = 0
        while True:
            lock = os.open(Path(self.places) / f"place-{place}", os.O_CREAT | os.O_RDWR, 0o666)
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return place
            os.close(lock)
            place += 1


def _end_with(parent: int) -> None:
    """End this process when the command's is gone."""
    while True:
        try:
            os.kill(parent, 0)
        except OSError:
            os._exit(1)
        time.sleep(0.5)


def of_this_process(
    threads: int, devices: tuple[str, ...] | None = None, places: Path | None = None, parent: bool = True
) -> Surroundings:
    """Return what this process hands on."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)}
    return Surroundings(
        folder=os.getcwd(),
        environment=environment,
        own_folders=schema.own_folders(),
        threads=threads,
        devices=devices,
        places=str(places or ""),
        parent=os.getpid() if parent else 0,
    )


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> tuple[str, ...]:
    """Return the ids of this machine's GPUs that this process may use, without asking TensorFlow for them."""
    visible = os.environ.get(_VISIBLE)
    if visible is not None:
        return tuple(one.strip() for one in visible.split(",") if one.strip() not in ("", "-1"))
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        if found.returncode == 0:
            return tuple(found.stdout.split())
    return ()
