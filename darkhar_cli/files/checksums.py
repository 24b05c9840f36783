"""SHA-256 of files, listed as `sha256sum` does: `sha256sum --check LIST` in their folder checks them too."""

import re
from collections.abc import Iterable, Mapping
from hashlib import file_digest
from pathlib import Path

MISSING, CHANGED = "is missing", "is not as it was written"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def checksum(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal digits, read now.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def checksums(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder.

    Raises:
        OSError: one cannot be read.
    """
    return {name: checksum(folder / name) for name in sorted(names)}


def listing(known: Mapping[str, str]) -> str:
    """Return the text of a list: a line for each file."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(known.items()))


def listed(text: str) -> dict[str, str]:
    """Return what a list says, file -> SHA-256; lines that are none of a list are left out."""
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return {one[2]: one[1] for one in found if one}


def differing(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Return the files that are missing or are not as a list says, each with the reason in words.

    Args:
        folder: they are in.
        known: file -> SHA-256; of one whose is empty, it is enough that it is there.
    """
    found = {}
    for name, digest in known.items():
        try:
            now = checksum(folder / name)
        except FileNotFoundError:
            found[name] = MISSING
        except OSError as problem:
            found[name] = f"cannot be read ({problem.strerror or problem})"
        else:
            if digest and digest != now:
                found[name] = CHANGED
    return found
