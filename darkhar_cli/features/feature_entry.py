"""One clip's features as a file: NumPy's arrays, without pickle, with checksums and whose they are."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import IO

import numpy as np

_MEMBERS = {"positions.npy", "features.npy"}
_DAMAGE = (ValueError, OSError, KeyError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class Damaged(Exception):
    """An entry that cannot be trusted; the message says why."""


@dataclass(frozen=True)
class Entry:
    """One clip's features: ascending frame positions (n,) int64 and features (n, F) float32."""

    positions: np.ndarray
    features: np.ndarray


def put(file: IO[bytes], entry: Entry, name: str) -> None:
    """Write an entry of this name into an open file."""
    np.savez(file, allow_pickle=False, positions=entry.positions, features=entry.features)
    with zipfile.ZipFile(file, "a") as archive:
        archive.comment = _owner(name)


def parse(data: bytes, name: str | None = None) -> Entry:
    """Read an entry's bytes.

    Args:
        data: of the file.
        name: of the entry; None: whosever it is.

    Raises:
        Damaged: they are not an entry, whole and unchanged, or another clip's.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_other_members(archive.infolist(), len(data))  # before anything in it is unpacked
            if len(archive.comment) != len(_owner("")) or (name is not None and archive.comment != _owner(name)):
                raise Damaged("is not this clip's")
            broken = archive.testzip()  # before anything in it is believed
        if broken:
            raise Damaged(f"{broken}: wrong checksum")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            entry = Entry(arrays["positions"], arrays["features"])
    except _DAMAGE as problem:
        raise Damaged(" ".join(str(problem).split()) or type(problem).__name__) from problem
    shapes = entry.positions.shape, entry.features.shape[:1]
    types = entry.positions.dtype, entry.features.dtype
    if shapes[0] != shapes[1] or entry.features.ndim != 2 or types != (np.dtype(np.int64), np.dtype(np.float32)):
        raise Damaged(f"holds {types[0]} {shapes[0]} and {types[1]} {entry.features.shape}")
    if not np.isfinite(entry.features).all():
        raise Damaged("holds numbers that are not finite")
    return entry


def _refuse_other_members(members: Sequence[zipfile.ZipInfo], size: int) -> None:
    """Refuse an archive that holds anything but the two arrays as they are, for instance one that unpacks to more."""
    if {one.filename for one in members} != _MEMBERS or len(members) != len(_MEMBERS):
        raise Damaged(f"holds {', '.join(sorted(one.filename for one in members)) or 'nothing'}")
    stored = all(one.compress_type == zipfile.ZIP_STORED for one in members)
    if not stored or sum(one.file_size for one in members) > size:
        raise Damaged("unpacks to more than it is")


def _owner(name: str) -> bytes:
    """Return what an entry's archive says of whose it is."""
    return sha256(name.encode()).digest()[:16]
