"""Where files of weights are searched, and what is recorded of those that were downloaded.

Searched in this order: the folder that `DARKHAR_MODELS` names, `models` in darkhar's home (where downloads are kept),
and, for networks of keras.applications, Keras's own folder of downloads.
"""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from darkhar_cli.errors import FailedWork
from darkhar_cli.files.asides import write_aside
from darkhar_cli.files.hashes import hash_of
from darkhar_cli.paths import home
from darkhar_cli.weights.catalogue import Source, Weights


@dataclass(frozen=True)
class Record:
    """What is known of a download, kept beside it as `<file>.json`."""

    file: str
    sha256: str
    size: int
    source: str
    licence: str
    downloaded: str


def own_folder() -> Path:
    """Return the folder that downloads are kept in: `models` in darkhar's home."""
    return home() / "models"


def folders() -> list[Path]:
    """Return the folders that are searched for every kind of weights, in order."""
    given = os.environ.get("DARKHAR_MODELS")
    return [*([Path(given).expanduser().absolute()] if given else []), own_folder()]


def keras_folder() -> Path:
    """Return where Keras keeps what it downloads by itself."""
    given = os.environ.get("KERAS_HOME")
    return (Path(given).expanduser() if given else Path("~/.keras").expanduser()) / "models"


def present(weights: Weights) -> Path | None:
    """Return a file of these weights that is here, or None.

    Raises:
        FailedWork: it is not what was published, or not what was downloaded at first.
    """
    for folder in folders():
        for path in _usual(weights, folder):
            _refuse_other(weights, path)
            return path
    for source in weights.sources:
        path = keras_folder() / source.file
        if source.kind == "keras" and path.is_file() and not _published(source, path):
            return path
    return None


def _usual(weights: Weights, folder: Path) -> Iterator[Path]:
    """Go through the files of a folder that have these weights' usual names, the best first."""
    if not folder.is_dir():
        return
    own = [source.file for source in weights.sources]
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    others = [name for name in names if name not in own and _matches(name, weights)]
    for name in [own[0], *others, *own[1:]]:
        if name in names:
            yield folder / name


def _matches(name: str, weights: Weights) -> bool:
    lower = name.lower()
    wanted = any(fnmatch(lower, pattern) for pattern in weights.patterns)
    return wanted and not any(fnmatch(lower, pattern) for pattern in weights.excluded)


def _refuse_other(weights: Weights, path: Path) -> None:
    """Refuse a file under a published name that is another file; MoveNets of the user's own are taken as they are."""
    source = next((one for one in weights.sources if one.file == path.name), None)
    own = path.parent == own_folder()
    if source is None or (not own and source.kind != "keras"):
        return
    problem = _published(source, path) or (_first(path) if own else "")
    if problem:
        helps = f"remove it and give `{weights.command}`" if own else "remove it"
        raise FailedWork(f"{path}: {problem}; {helps}, or give extractor.weights={path} to use it as it is")


def _published(source: Source, path: Path) -> str:
    """Return in words how a file differs from what was published, as far as that is known."""
    size = path.stat().st_size
    if source.size and size != source.size:
        return f"is not the published file: it has {size} bytes, not {source.size}"
    for algorithm, expected in (("sha256", source.sha256), ("md5", source.md5)):
        if expected and hash_of(path, algorithm) != expected:
            return f"is not the published file: its {algorithm} is {hash_of(path, algorithm)}, not {expected}"
    return ""


def _first(path: Path) -> str:
    """Return in words how a file differs from what was downloaded at first."""
    record = record_of(path)
    if record is None or hash_of(path) == record.sha256:
        return ""
    return f"has changed since it was downloaded: its sha256 is {hash_of(path)}, not {record.sha256}"


def refuse_unexpected(source: Source, path: Path, target: Path) -> None:
    """Refuse a download that is not what was published, or not what the first download was.

    Raises:
        FailedWork: with both hashes.
    """
    problem = _published(source, path)
    if problem:
        raise FailedWork(f"what {source.address} gives {problem}; it was not kept")
    record = record_of(target)
    if record and source.kind != "npm" and hash_of(path) != record.sha256:
        raise FailedWork(
            f"what {source.address} gives has changed since the first download: its sha256 is {hash_of(path)}, not "
            f"{record.sha256}; it was not kept. If that is right, remove {record_place(target)}"
        )


def keep(source: Source, licence: str, path: Path, target: Path) -> None:
    """Move a download to its place, with a record of it beside.

    Raises:
        FailedWork: it cannot be written.
    """
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    where = f"{source.kind} {source.address}"
    record = Record(target.name, hash_of(path), path.stat().st_size, where, licence, now)
    text = json.dumps(asdict(record), indent=2)
    write_aside(record_place(target), lambda aside: aside.write_text(f"{text}\n", encoding="utf-8"))
    os.replace(path, target)


def record_place(path: Path) -> Path:
    """Return where the record of a download is kept."""
    return path.with_name(f"{path.name}.json")


def record_of(path: Path) -> Record | None:
    """Return what was recorded of a file when it was downloaded, or None."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Record(**json.loads(record_place(path).read_text(encoding="utf-8")))
    return None
