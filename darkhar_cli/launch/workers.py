"""Processes that train one run together, `train.distribute=multi_worker`: which of them this is, and where it writes.

Every worker is given the same command and, as TensorFlow wants it, TF_CONFIG: the addresses of all workers and its own
number. Worker 0 writes the run's folder; the others work in a copy that goes with them.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli.errors import BadRequest

_EXAMPLE = '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}'


def worker_number(config: Mapping[str, Any]) -> int:
    """Return the number of this process among those that train a job together, 0 where it does so alone.

    Raises:
        BadRequest: TF_CONFIG is not there, or does not say so.
    """
    if config["train"].get("distribute", "none") != "multi_worker":
        return 0
    text = os.environ.get("TF_CONFIG", "")
    try:
        given = json.loads(text)
        addresses, task = given["cluster"]["worker"], given["task"]
        number = int(task["index"])
        if task["type"] == "worker" and len(addresses) > 1 and 0 <= number < len(addresses):
            return number
    except (ValueError, KeyError, TypeError):
        pass
    raise BadRequest(
        f"train.distribute=multi_worker: TF_CONFIG={text or 'nothing'}; give each process the addresses of all (two or "
        f"more) and its own number: TF_CONFIG='{_EXAMPLE}'"
    )


def refuse(configs: Sequence[Mapping[str, Any]], multirun: bool) -> None:
    """Refuse requests that several workers cannot share.

    Raises:
        BadRequest: a sweep, a new folder for each, or no TF_CONFIG.
    """
    for config in configs:
        if "train" in config and config["train"].get("distribute", "none") == "multi_worker":
            worker_number(config)
            if multirun or config["fresh"]:
                what = "a sweep (-m)" if multirun else "fresh=true"
                raise BadRequest(
                    f"train.distribute=multi_worker: {what} would let each worker choose folders of its own; train one "
                    "run, in a new folder with hydra.run.dir=DIR"
                )


@contextlib.contextmanager
def own_folder(folder: Path, number: int) -> Iterator[Path]:
    """Give a run's folder to worker 0, and to another a copy of what is finished in it, which goes in the end."""
    if not number:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix=f"darkhar-worker-{number}-") as place:
        copy = Path(place) / folder.name
        if folder.is_dir():
            with contextlib.suppress(shutil.Error):  # what worker 0 renames meanwhile is nothing that counts
                shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*", "*.part"))
        yield copy
