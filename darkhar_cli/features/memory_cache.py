"""Features kept in memory alone, for clips that will not be asked for again: windows of a long video."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkhar_cli.features.feature_cache import Claim, Entry, LockedFile, folder_name


class MemoryBank:
    """What a `Bank` is to its user, without a file; it serves one process and ends with its owner.

    Args:
        about: everything that a feature's bits depend on but the clip.
    """

    def __init__(self, about: Mapping[str, Any]):
        self.about = dict(about)
        self.folder = Path(folder_name(self.about))
        self._entries: dict[str, Entry] = {}

    def path(self, name: str) -> Path:
        """Return what an entry is called in messages."""
        return self.folder / name

    def claim(self, name: str) -> Claim:
        """Return the right to write an entry: nobody else can."""
        return LockedFile(-1)

    def take_leftover(self, name: str) -> bool:
        """Return that nothing was left half-written."""
        return False

    def read(self, name: str) -> Entry | None:
        """Return an entry, or None if there is none."""
        return self._entries.get(name)

    def write(self, name: str, entry: Entry) -> None:
        """Keep an entry."""
        self._entries[name] = entry
