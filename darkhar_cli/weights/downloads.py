"""Who downloads from where: Kaggle Models by kagglehub, networks of keras.applications by Keras, packages by npm."""

import contextlib
import logging
import math
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from darkhar_cli import console
from darkhar_cli.weights import npm
from darkhar_cli.weights.catalogue import Source

_MB = 1e6
_LOOK_AGAIN_S = 0.3
_PATIENCE_S = 20.0  # a dead network must not hold a run for minutes


class Unreachable(Exception):
    """A source cannot be reached or does not give the file; says why."""


def download(source: Source, folder: Path) -> Path:
    """Download a source's file into an empty folder, with progress; return where it lies.

    Raises:
        Unreachable: it cannot be had there.
    """
    try:
        with _progress(source, folder):
            return {"kaggle": _kaggle, "keras": _keras, "npm": npm.download}[source.kind](source, folder)
    except npm.NoPackage as problem:
        raise Unreachable(str(problem)) from problem


@contextlib.contextmanager
def _progress(source: Source, folder: Path) -> Iterator[None]:
    """Show how much of a file has come, whoever downloads it; what those print by themselves is not shown."""
    total = math.ceil(source.size / _MB)
    with console.libraries_silenced():
        if not total:  # of unknown size, and small
            yield
            return
        with console.progress(f"{source.file}, MB", total) as bar:
            ended = threading.Event()
            watch = threading.Thread(target=_watch, args=(folder, total, bar.advance, ended), daemon=True)
            watch.start()
            try:
                yield
            finally:
                ended.set()
                watch.join()


def _watch(folder: Path, total: int, advance: Callable[..., None], ended: threading.Event) -> None:
    shown = 0
    while not ended.wait(_LOOK_AGAIN_S):
        with contextlib.suppress(OSError):  # files are renamed and removed meanwhile
            here = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            now = min(int(here / _MB), total - 1)
            if now > shown:
                advance(by=now - shown)
                shown = now


def _kaggle(source: Source, folder: Path) -> Path:
    """Download a public model by kagglehub, which needs no account for it."""
    import kagglehub

    logging.getLogger("kagglehub").setLevel(logging.ERROR)
    try:
        kagglehub.model_download(source.address, output_dir=str(folder))
    except Exception as problem:  # of requests, of kagglehub, of the operating system
        raise Unreachable(_reason(problem)) from problem
    files = sorted(folder.rglob("*.tflite"))
    if len(files) != 1:
        raise Unreachable(f"{source.address} holds {len(files)} TFLite files, not one")
    return files[0]


def _keras(source: Source, folder: Path) -> Path:
    """Download a weights file of keras.applications by Keras."""
    import keras

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE_S)
    try:
        place = keras.utils.get_file(source.file, source.address, cache_dir=str(folder), cache_subdir="")
        return Path(place)
    except Exception as problem:  # keras raises bare Exception
        raise Unreachable(_reason(problem)) from problem
    finally:
        socket.setdefaulttimeout(before)


def _reason(problem: Exception) -> str:
    """Return the last cause of a failed request in few words."""
    text = " ".join(str(problem).split()).rsplit(" -- ", 1)[-1]
    if "Caused by" in text:
        text = text.rsplit("Caused by ", 1)[1].split("(", 1)[-1].rsplit(": ", 1)[-1].rstrip(")'\"")
        text = text + ")" if text.count("(") > text.count(")") else text
    return text[:200] or type(problem).__name__
