"""Features kept in memory alone: of clips that will not be asked for again, and where nothing may be written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkhar_cli.features.feature_cache import Claim, LockedFile, StoredFeatureCache, folder_name
from darkhar_cli.features.feature_entry import Entry


class MemoryFeatureCache:
    """What a `FeatureCache` is to its user, without a file; it serves one process and ends with its owner.

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

    def keep_only(self, name: str, position: int) -> None:
        """Let go of all features but those of one clip's frames from a position on."""
        entry = self._entries.get(name)
        self._entries.clear()
        if entry is not None:
            kept = entry.positions >= position
            self._entries[name] = Entry(entry.positions[kept], entry.features[kept])


class MemoryCache:
    """The banks of all ways of computing features, in memory: what `cache_dir` is, for a video seen once."""

    def __init__(self) -> None:
        self._banks: dict[str, MemoryFeatureCache] = {}

    def bank(self, about: Mapping[str, Any]) -> MemoryFeatureCache:
        """Return the bank of features that are computed in one way."""
        return self._banks.setdefault(folder_name(about), MemoryFeatureCache(about))

    def keep_only(self, name: str, position: int) -> None:
        """Let go of all features but those of one clip's frames from a position on."""
        for bank in self._banks.values():
            bank.keep_only(name, position)


class UnwrittenFeatureCache(MemoryFeatureCache):
    """What a `FeatureCache` is to its user, where nothing may be written: what is new stays in memory.

    Args:
        root: the folder of all banks.
        about: everything that a feature's bits depend on but the clip.
    """

    def __init__(self, root: Path, about: Mapping[str, Any]):
        super().__init__(about)
        self._stored = StoredFeatureCache(root, about)
        self.folder = self._stored.folder

    def read(self, name: str) -> Entry | None:
        """Return an entry, or None if there is none.

        Raises:
            Damaged: its bytes are not what was written.
            FailedWork: it cannot be read at all.
        """
        return super().read(name) or self._stored.read(name)
