"""Folders of runs and sweeps: made, or refused before anything is prepared."""

import contextlib
import os
from pathlib import Path

from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.files import asides, disk
from darkhar_cli.runs.run_folder import Run


def claimed(folder: Path, fresh: bool, key: str) -> Path:
    """Make a run's or sweep's folder and return it: with `fresh` the first of folder, folder-2, ... that is not there.

    Raises:
        FailedWork: it cannot be made, or not be written to.
    """
    asides.remove_leftovers(folder.parent, folder.name)
    number, place = 1, folder
    while True:
        with disk.writing(place, f"choose another with {key}=..."):
            try:
                _make(place, exist_ok=not fresh)
                break
            except FileExistsError:
                if not fresh:
                    raise
        number += 1
        place = folder.with_name(f"{folder.name}-{number}")
    refuse_unwritable(place, key)
    return place


def refuse_unwritable(folder: Path, key: str) -> None:
    """Refuse a folder that cannot be made or written to; to find out, another is made in its place and removed again.

    Raises:
        FailedWork: names it, the reason, and the key that chooses another.
    """
    if "${" in str(folder):
        raise BadRequest(f"{folder} has '${{' in its name, which Hydra cannot read; choose another with {key}=...")
    parent = next(place for place in (folder, *folder.parents) if place.exists())
    if not parent.is_dir():
        raise FailedWork(f"cannot write to {folder}: {parent} is not a folder; choose another with {key}=...")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise FailedWork(f"cannot write to {folder}: permission denied; choose another with {key}=...")
    if parent == folder:
        return
    probe = asides.beside(folder)
    missing = [place for place in folder.parents if not place.exists()]
    try:
        with disk.writing(folder, f"choose another with {key}=..."):
            _make(probe, exist_ok=False)
    finally:
        for place in (probe, *missing):
            with contextlib.suppress(OSError):  # not made, or somebody else uses it meanwhile
                place.rmdir()


def _make(folder: Path, exist_ok: bool) -> None:
    """Make a folder and those it stands in, though another process may be removing its empty ones meanwhile."""
    for _ in range(3):
        with contextlib.suppress(FileNotFoundError):
            return folder.mkdir(parents=True, exist_ok=exist_ok)
    return folder.mkdir(parents=True, exist_ok=exist_ok)


def refuse_other(folder: Path, mark: str) -> None:
    """Refuse a folder that another experiment has filled.

    Raises:
        BadRequest: its identity is not this one.
    """
    if Run(folder).identity not in (None, mark):
        raise BadRequest(
            f"{folder} holds another experiment (other settings or data); choose another name=... or remove it"
        )
