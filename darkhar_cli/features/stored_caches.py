"""What the banks on disk take up, and how one is removed."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkhar_cli.features.feature_cache import ABOUT, read_about


@dataclass(frozen=True)
class Stored:
    """What one bank takes up: its folder, what it says of itself, entries, bytes, and when it was last used."""

    folder: Path
    about: Mapping[str, Any]
    entries: int
    size: int
    used: float


def stored(root: Path) -> list[Stored]:
    """Return every bank under a folder, by name; other folders are not listed, and so never removed."""
    found = []
    for folder in sorted(Path(root).glob("[!.]*-*")):
        about = read_about(folder)
        if about is None:
            continue
        sizes: dict[str, list[int]] = {".npz": [], ".part": []}
        with contextlib.suppress(FileNotFoundError):  # pruned meanwhile
            for path in folder.iterdir():
                if path.suffix in sizes:
                    with contextlib.suppress(FileNotFoundError):  # renamed meanwhile
                        sizes[path.suffix].append(path.stat().st_size)
            used = (folder / ABOUT).stat().st_mtime
            found.append(Stored(folder, about, len(sizes[".npz"]), sum(map(sum, sizes.values())), used))
    return found


def remove(bank: Stored) -> None:
    """Remove a bank's files and nothing else; a process that uses it computes again what it then misses."""
    with contextlib.suppress(FileNotFoundError):  # somebody else is at it too
        for path in bank.folder.iterdir():
            if path.suffix in (".npz", ".part"):
                path.unlink(missing_ok=True)
        (bank.folder / ABOUT).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # a process writes on, and makes it whole again
            bank.folder.rmdir()
