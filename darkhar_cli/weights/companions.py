"""Which files a network consists of: its own, and those that it reads beside it."""

import re
from hashlib import sha256
from pathlib import Path

from darkhar_cli.files.hashes import hash_of

# How ONNX names a file of weights beside it: a string entry `location` (onnx.proto: StringStringEntryProto).
_LOCATION = re.compile(rb"\x0a\x08location\x12(.)", re.S)


def files_of(path: Path) -> list[Path]:
    """Return every file of a folder (a SavedModel), or a file with the weights that it keeps in others.

    OpenVINO's `.xml` has them in a `.bin` of its name, ONNX where its tensors say so.

    Raises:
        OSError: it cannot be read.
    """
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    beside: list[Path] = []
    if path.suffix == ".xml":
        beside = [path.with_suffix(".bin")]
    elif path.suffix == ".onnx":
        beside = [path.parent / name for name in sorted(_external(path.read_bytes()))]
    return [path, *(one for one in beside if one.is_file())]


def _external(data: bytes) -> set[str]:
    """Return the names of files that an ONNX file keeps tensors in."""
    names = set()
    for found in _LOCATION.finditer(data):
        length, start = found[1][0], found.end()
        if length < 0x80:  # longer names take two bytes of length
            names.add(data[start : start + length])
        else:
            length = (length & 0x7F) | data[start] << 7
            names.add(data[start + 1 : start + 1 + length])
    return {name.decode("utf-8", "replace") for name in names if b"\0" not in name}


def content_hash(path: Path) -> str:
    """Return a short hash of the content of all files of a network, whatever they are called."""
    digest = sha256()
    for file in files_of(path):
        digest.update(hash_of(file).encode())
    return digest.hexdigest()[:16]
