"""Hashes of whole files, each read once while it stays as it is."""

from functools import cache
from hashlib import file_digest
from pathlib import Path


def hash_of(file: Path, algorithm: str = "sha256") -> str:
    """Return a file's hash in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    now = file.stat()
    return _hash_of(file, now.st_size, now.st_mtime_ns, algorithm)


@cache
def _hash_of(file: Path, size: int, changed: int, algorithm: str) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, algorithm).hexdigest()
