"""The feature bank on disk: what frozen parts have computed, kept by content.

A bank is a folder for one way of computing features, `<root>/<extractor>-<hash>/`; `about.json` in it says which
way in full. An entry is one clip's features, `<clip's hash>.npz`: NumPy's own format for arrays, read without
pickle, each array guarded by the archive's CRC-32, and the archive's comment says of which clip they are. An entry is
written aside by the one process that holds its claim and then renamed, so it is whole or not there, and several
processes may fill one bank at once.
"""

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from darkhar_cli.errors import FailedWork
from darkhar_cli.features import feature_entry
from darkhar_cli.features.feature_entry import Entry
from darkhar_cli.files import asides, disk, leases
from darkhar_cli.files.claims import NO_LOCKS
from darkhar_cli.paths import elsewhere, home

FORMAT = 3  # raise it when decoding, resizing or the files' layout change: older banks are then not found
ABOUT = "about.json"
_STRIPES = 3  # entries whose names' hashes share so many first letters share a lock file
_TRIES = 500  # of writing while somebody prunes
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def root(asked: str | None) -> Path:
    """Return the folder of all banks: what was asked for, or `features` in darkhar's home."""
    return Path(asked) if asked else home() / "features"


class Claim(Protocol):
    """The right to write some entries."""

    def release(self) -> None:
        """Let others have it; a second call does nothing."""


class LockedFile:
    """A claim by a lock; the operating system takes it back when its process dies."""

    def __init__(self, file: int):
        self._file = file

    def release(self) -> None:
        """Let others have it; a second call does nothing."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class StoredFeatureCache:
    """Entries of features that were computed in one way, to be read: nothing is made or written.

    Args:
        root: the folder of all banks.
        about: everything that a feature's bits depend on but the clip; JSON values.
    """

    def __init__(self, root: Path, about: Mapping[str, Any]):
        self.about = {"format": FORMAT, **about}
        self.folder = Path(root) / folder_name(self.about)

    def path(self, name: str) -> Path:
        """Return where an entry is kept."""
        return self.folder / f"{name}.npz"

    def read(self, name: str) -> Entry | None:
        """Return an entry, or None if there is none.

        Raises:
            Damaged: its bytes are not what was written.
            FailedWork: it cannot be read at all.
        """
        try:
            data = self.path(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise FailedWork(f"cannot read {self.path(name)}: {problem.strerror or problem}") from problem
        return feature_entry.parse(data, name)


class FeatureCache(StoredFeatureCache):
    """Entries of features that were computed in one way, to be read and added to.

    Args:
        root: the folder of all banks.
        about: everything that a feature's bits depend on but the clip; JSON values.

    Raises:
        FailedWork: the folder cannot be written.
    """

    def __init__(self, root: Path, about: Mapping[str, Any]):
        super().__init__(root, about)
        self._locks = Path(root) / ".locks" / self.folder.name  # outside: a claim outlives a pruned folder
        self._left: dict[str, list[Path]] | None = None
        self._despite_pruning(lambda: None)
        with contextlib.suppress(OSError):  # a bank that may only be read serves what it has
            os.utime(self.folder / ABOUT)  # when it was last used

    def _make(self) -> None:
        """Make the folder where it is not there, or not there any more: somebody may prune it at any time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if read_about(self.folder) != self.about:
            aside = asides.beside(self.folder / ABOUT)
            aside.write_text(json.dumps(self.about, indent=2, sort_keys=True) + "\n")
            os.replace(aside, self.folder / ABOUT)

    def _despite_pruning(self, work: Callable[[], Any]) -> Any:
        """Make the folder and do some work in it, again where somebody prunes it meanwhile."""
        with self._writing():
            for _ in range(_TRIES):
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    self._make()
                    return work()
            self._make()
            return work()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            cure = elsewhere("cache_dir", chosen=self.folder.parent != home() / "features")
            raise disk.failure(self.folder, problem, cure, "cannot keep features in") from problem

    def claim(self, name: str) -> Claim | None:
        """Return the claim on an entry, or None while somebody else holds it; never waits.

        On a file system without locks it is a lease: at worst an entry is written twice, to the same bytes.
        """
        with self._writing():
            self._locks.mkdir(parents=True, exist_ok=True)
            stripe = sha256(name.encode()).hexdigest()[:_STRIPES]
            if os.environ.get("DARKHAR_LOCKS") == "leases":  # locks that other machines do not see
                return leases.take(self._locks / f"{stripe}.lease")
            file = os.open(self._locks / stripe, os.O_CREAT | os.O_RDWR, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return None
            except OSError as problem:
                os.close(file)
                if problem.errno not in NO_LOCKS:
                    raise
                return leases.take(self._locks / f"{stripe}.lease")
        return LockedFile(file)

    def take_leftover(self, name: str) -> bool:
        """Remove what killed processes left of an entry; return whether there was something."""
        if self._left is None:  # looked for once: a folder may have very many entries
            self._left = {}
            for path in asides.leftovers(self.folder):
                self._left.setdefault(path.name.split(".npz.")[0].lstrip("."), []).append(path)
        left = [*self._left.pop(name, []), self.folder / f"{name}.part"]  # as earlier versions called them
        with self._writing():
            return sum(map(_removed, left)) > 0

    def write(self, name: str, entry: Entry) -> None:
        """Write an entry whole, under its claim.

        Raises:
            FailedWork: the folder cannot be written.
        """

        def put() -> None:
            aside = asides.beside(self.path(name))
            try:
                with aside.open("w+b") as file:
                    feature_entry.put(file, entry, name)
                os.replace(aside, self.path(name))
            finally:
                aside.unlink(missing_ok=True)
            self._make()  # an entry nobody can list could never be pruned

        self._despite_pruning(put)


def _removed(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
        return True
    return False


def folder_name(about: Mapping[str, Any]) -> str:
    """Return the name of the bank that says this of itself: proof that a folder is a bank."""
    text = json.dumps(about, sort_keys=True)
    return f"{about['extractor']}-{sha256(text.encode()).hexdigest()[:12]}"


def read_about(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of itself, or None where that is not what a bank says."""
    try:
        about = json.loads((folder / ABOUT).read_text())
        return about if isinstance(about, dict) and folder_name(about) == folder.name else None
    except (OSError, ValueError, KeyError):
        return None
