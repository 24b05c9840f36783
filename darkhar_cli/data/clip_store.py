"""Clips by content: the encoded bytes of each once, in ArrayRecord files, with what decoding has found of it.

A prepared data set is a table and such a store beside it. Prepared data sets of one folder share the store's files by
hard links: other labels, groups or splits of the same clips decode and store nothing again, and a file is gone with
the last data set that needs it.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from array_record.python import array_record_data_source, array_record_module

FOLDER = "clips"  # in the folder of a prepared data set
FORMAT = 6  # raise it when decoding or what is kept of a clip changes: clips stored before are then decoded again
_SHARD_BYTES = 1 << 28
_SHARD_CLIPS = 2000  # a preparation that was killed goes on behind its last whole file
_OPTIONS = "group_size:1,uncompressed"  # one record at a time, of bytes that are compressed already


@dataclass(frozen=True)
class StoredClip:
    """What is known of a clip's bytes.

    Attributes:
        digest: SHA-256 of the bytes.
        n_frames, fps, height, width, corrupt, skippable: see `VideoInfo`.
        jitter, times: see `Timing`; (T,) seconds, empty where the rate is constant.
    """

    digest: str
    n_frames: int
    fps: float
    height: int
    width: int
    corrupt: int
    skippable: int
    jitter: float
    times: tuple[float, ...] = ()


class DamagedRecord(Exception):
    """A record that cannot be read, or is another clip's; the message names the file and the reason."""


def first_line(problem: Exception) -> str:
    """Return the first line of a library's message, or the kind of its error."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


class Shard:
    """One file of clips with its index beside it.

    Args:
        index: the path of the index.

    Raises:
        ValueError: the index is not whole, or is of another format.
    """

    def __init__(self, index: Path):
        self.index, self.path = index, index.with_suffix(".array_record")
        about = json.loads(index.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise ValueError(f"{index}: format {about['format']}, not {FORMAT}")
        if about.get("sha256", known := _mark(about["clips"])) != known:  # earlier versions wrote none
            raise ValueError(f"{index}: not as it was written")
        self.clips = [StoredClip(**{**one, "times": tuple(one["times"])}) for one in about["clips"]]
        self._source: Any = None

    def read(self, place: int) -> bytes:
        """Return one clip's bytes.

        Raises:
            DamagedRecord: they cannot be read, or are another clip's.
        """
        try:
            if self._source is None:
                self._source = array_record_data_source.ArrayRecordDataSource([str(self.path)])
            data: bytes = self._source[place]
        except Exception as problem:
            raise DamagedRecord(f"{self.path}: {first_line(problem)}") from problem
        if sha256(data).hexdigest() != self.clips[place].digest:
            raise DamagedRecord(f"{self.path}: another clip is stored there")
        return data


class ClipStore:
    """The clips of a folder.

    Args:
        folder: of the store.

    Raises:
        Exception: an index or a file is gone, cut, or of another format.
    """

    def __init__(self, folder: Path):
        self._places: dict[str, tuple[Shard, int]] = {}
        for index in sorted(folder.glob("*.json")):
            shard = Shard(index)
            self._places |= {clip.digest: (shard, place) for place, clip in enumerate(shard.clips)}
            shard.read(0), shard.read(len(shard.clips) - 1)  # files are opened only when they are read

    def about(self, digest: str) -> StoredClip:
        """Return what is known of a clip, by its digest.

        Raises:
            DamagedRecord: it is not there.
        """
        shard, place = self._place(digest)
        return shard.clips[place]

    def read(self, digest: str) -> bytes:
        """Return the encoded bytes of a clip, proved to be those that are meant.

        Raises:
            DamagedRecord: it is not there or cannot be read.
        """
        shard, place = self._place(digest)
        return shard.read(place)

    def _place(self, digest: str) -> tuple[Shard, int]:
        if digest not in self._places:
            raise DamagedRecord(f"the store: no clip {digest[:16]} is in it")
        return self._places[digest]


class Writer:
    """Writes clips into a folder, a new file when one is large enough; one that a block leaves by an error is removed.

    A file's index is written when it is whole, so that a file without one counts for nothing.
    """

    def __init__(self, folder: Path):
        self._folder, self._clips, self._size = folder, list[StoredClip](), 0
        self._seen: set[str] = set()
        self._file: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
        elif self._file is not None:
            self._file.close()
            self._open_path.unlink(missing_ok=True)

    @property
    def _open_path(self) -> Path:
        return self._folder / "open.array_record"

    def add(self, clip: StoredClip, data: bytes) -> None:
        """Store a clip, unless its bytes are there already."""
        if clip.digest in self._seen:
            return
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = array_record_module.ArrayRecordWriter(str(self._open_path), _OPTIONS)
        self._file.write(data)
        self._seen.add(clip.digest)
        self._clips.append(clip)
        self._size += len(data)
        if self._size >= _SHARD_BYTES or len(self._clips) >= _SHARD_CLIPS:
            self._finish()

    def _finish(self) -> None:
        if self._file is None:
            return
        self._file.close()
        name = sha256(" ".join(clip.digest for clip in self._clips).encode()).hexdigest()[:16]
        os.replace(self._open_path, self._folder / f"{name}.array_record")
        clips = [{**asdict(clip), "times": list(clip.times)} for clip in self._clips]
        about = {"format": FORMAT, "clips": clips, "sha256": _mark(clips)}
        (self._folder / f"{name}.json").write_text(json.dumps(about), encoding="utf-8")
        self._file, self._clips, self._size = None, [], 0


def _mark(clips: Sequence[Mapping[str, Any]]) -> str:
    """Return the hash of what an index says of its clips; that they are in place, reading them proves."""
    ordered = sorted(clips, key=lambda clip: str(clip["digest"]))
    return sha256(json.dumps(ordered, sort_keys=True).encode()).hexdigest()


def indexes(prepared: Path) -> Iterator[Path]:
    """Go through the indexes of all stores of the prepared data sets in a folder, half-made ones left aside."""
    for index in sorted(prepared.glob(f"*/*/{FOLDER}/*.json")):
        if not index.parts[-3].startswith("."):
            yield index


def whole_files(store: Path) -> list[Path]:
    """Return the indexes of a store's whole files, finished or left half-made."""
    return sorted((store / FOLDER).glob("*.json"))


def take_over(wanted: Iterable[str], stores: Iterable[Path], folder: Path) -> dict[str, StoredClip]:
    """Link files that hold wanted clips into a store's folder; return what is known of each clip found.

    Each clip is read and compared with its digest, so that nothing damaged is taken over.

    Args:
        wanted: digests.
        stores: indexes that may hold some of them.
        folder: of the store that lacks them.
    """
    missing, found = set(wanted), dict[str, StoredClip]()
    for index in stores:
        if not missing:
            break
        try:
            shard = Shard(index)
            here = {clip.digest: place for place, clip in enumerate(shard.clips) if clip.digest in missing}
            if not here:
                continue
            for place in range(len(shard.clips)):  # all of them: who needs another one links the same file
                shard.read(place)
            for path in (shard.path, shard.index):
                _link(path, folder / path.name)
        except (OSError, ValueError, KeyError, TypeError, DamagedRecord):
            continue  # what cannot be taken over is decoded again
        found |= {shard.clips[place].digest: shard.clips[place] for place in here.values()}
        missing -= here.keys()
    return found


def _link(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        return
    try:
        os.link(path, place)
    except OSError:  # a file system without hard links
        shutil.copy2(path, place)
