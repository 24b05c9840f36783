"""The files of prepared data beside the clips' own: their checksums, so that a changed row of a table is known."""

from pathlib import Path

from darkhar_cli.files import disk
from darkhar_cli.files.checksums import checksums, differing, listed, listing
from darkhar_cli.files.tables import write_text

NAME = "SHA256SUMS"
_APART = (".array_record", NAME)  # each clip in these is compared with its own digest when it is read


class DamagedTables(Exception):
    """Prepared data that are not as they were written; the message names the files and the reasons."""


def seal(folder: Path) -> None:
    """List the checksums of prepared data that are whole, and wait until all is on the disk.

    Raises:
        OSError: that cannot be done.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(_APART)]
    names = [path.relative_to(folder).as_posix() for path in files]
    write_text(folder / NAME, listing(checksums(folder, names)))
    disk.flush(folder)


def refuse_damaged(folder: Path) -> None:
    """Refuse prepared data that are not as they were written; those of an earlier version have no list.

    Raises:
        DamagedTables: names the files, and what is wrong with them.
    """
    path = folder / NAME
    known = listed(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else {}
    damaged = differing(folder, known)
    if damaged:
        raise DamagedTables(", ".join(f"{name} {why}" for name, why in damaged.items()))
