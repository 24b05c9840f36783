"""A data set as a table of clips plus bytes on demand.

Prepared data live in `<data_dir>/<name>/<fingerprint>`; the fingerprint covers the builder's version, its options,
the label files and every clip's size and time, so that another folder never gets the first one's clips.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import console, plugins, registry
from darkhar_cli.data import clip_store, prepared_files
from darkhar_cli.data.clip_store import ClipStore, DamagedRecord, StoredClip, first_line
from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder
from darkhar_cli.data.frame_times import IRREGULAR
from darkhar_cli.data.listing import counted
from darkhar_cli.data.preparation import builder_of, prepare
from darkhar_cli.data.video import iter_frames, limits
from darkhar_cli.errors import FailedWork
from darkhar_cli.files.tables import read_csv
from darkhar_cli.paths import home

TEST = "test"


class Clips:
    """The clips of a prepared data set.

    `table` has a row per clip: id, split (`train` or `test`, the official held-out split), label (name), group,
    n_frames, fps, height, width, digest (SHA-256 of the bytes), and where that is known twin (what a clip has in common
    with the same in another light), light (`dark`, `bright`), corrupt (frames that the decoder marks), skippable (1:
    decoding may skip frames nothing is predicted from) and jitter (how far frames are off a constant rate, in
    frames). A run adds luma (mean, 0..255) and scene (the cluster of near-identical backgrounds that the clip is of).
    """

    def __init__(self, name: str, builder: ClipBuilder, folder: Path, fingerprint: str):
        prepared_files.refuse_damaged(folder)
        self.name, self.folder, self.fingerprint = name, folder, fingerprint
        self.synthetic, self.like_real = builder.DRAWN, builder.like_real
        self.classes: list[str] = builder.info.features["label"].names
        self.skipped, self.excluded = read_csv(folder / "skipped.csv"), read_csv(folder / "left_out.csv")
        table = read_csv(folder / "clips.csv")
        table["split"] = table["split"].where(table["split"] == TRAIN, TEST)
        self.table = table
        self._store = ClipStore(folder / clip_store.FOLDER)

    @property
    def damaged(self) -> pd.DataFrame:
        """Return the rows of clips that were kept although frames of theirs are corrupt."""
        return self.table[self.table["corrupt"] > 0]

    def rows(self, split: str) -> list[int]:
        """Return the table's row numbers of a split (`train` or `test`)."""
        return self.table.index[self.table["split"] == split].tolist()

    def excluded_in_words(self) -> str:
        """Return a text that counts the excluded files of the data set's folder, or an empty string."""
        if self.excluded.empty:
            return ""
        return f"not used: {counted(self.excluded['reason'])}; each is named in {self.folder / 'left_out.csv'}"

    def labels(self, rows: Sequence[int]) -> list[int]:
        """Return class indices of table rows."""
        index = {name: i for i, name in enumerate(self.classes)}
        return [index[name] for name in self.table["label"].iloc[list(rows)]]

    def video(self, row: int) -> bytes:
        """Return the encoded bytes of one clip.

        Raises:
            FailedWork: the prepared data are damaged (the file is named); the next run prepares them again.
        """
        return self._stored(row, self._store.read)

    def frames(self, row: int, positions: Sequence[int] | np.ndarray) -> Iterator[np.ndarray]:
        """Yield one clip's frames at ascending positions, uint8 (H, W, 3), as decoded.

        Raises:
            ClipError: it cannot be read, or ends before the last position.
            FailedWork: see `video`.
        """
        clip = self.table.loc[row]
        return iter_frames(self.video(row), positions, int(clip["n_frames"]), bool(clip.get("skippable", 0)))

    def times(self, row: int) -> np.ndarray | None:
        """Return when one clip's frames are shown, (T,) float64 seconds; None: at a constant rate."""
        if self.table["jitter"].iloc[row] <= IRREGULAR:
            return None
        clip: StoredClip = self._stored(row, self._store.about)
        return np.array(clip.times, np.float64)

    def _stored(self, row: int, get: Callable[[str], Any]) -> Any:
        clip = self.table.iloc[row]
        try:
            return get(clip["digest"])
        except DamagedRecord as problem:
            _count_as_not_prepared(self.folder)
            raise FailedWork(
                f"prepared data are damaged: {clip['id']} cannot be read from {problem}; "
                "give the command again: it prepares them anew"
            ) from problem


def fingerprint(dataset: Mapping[str, Any]) -> str:
    """Return the hash of everything that the prepared data depend on, without reading a clip.

    Raises:
        BadRequest: the data set is not where or what it should be.
    """
    builder = builder_of(dataset, data_dir=home())
    options = {key: str(value) for key, value in dataset.items() if key not in ("data_dir", "reverse")}
    parts: list[Any] = [dataset["name"], str(builder.VERSION), builder.FORMAT, options]
    parts += filter(None, [limits.in_words()])  # they decide which clips are refused
    if plugins.find("dataset", dataset["name"]):
        parts.append(registry.source_hash("dataset", dataset["name"]))
    paths = builder.files() + [source.file for source in builder.sources() if source.file is not None]
    for path in paths:
        try:
            stat = path.stat()
            parts.append([str(path), stat.st_size, stat.st_mtime_ns])
        except OSError:
            parts.append([str(path), None, None])
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def open_clips(dataset: Mapping[str, Any]) -> Clips:
    """Return a data set's clips, preparing it first where that has not been done.

    Args:
        dataset: the `dataset` group of a configuration.

    Raises:
        BadRequest: the data set is not where or what it should be.
        FailedWork: clips are broken (each is named), or the data folder cannot be written.
    """
    name, print_ = dataset["name"], fingerprint(dataset)
    folder = Path(dataset.get("data_dir") or home()) / name / print_
    if not (folder / "clips.csv").is_file():
        prepare(dataset, folder)
    try:
        return Clips(name, builder_of(dataset, data_dir=folder), folder, print_)
    except PermissionError as problem:
        raise FailedWork(f"cannot read prepared data in {folder}: {problem.strerror}") from problem
    except Exception as problem:  # the builder itself was made without an error for the fingerprint
        console.warn(f"prepared data in {folder} are damaged ({first_line(problem)}): they are prepared again")
        _count_as_not_prepared(folder)
        prepare(dataset, folder)
    return Clips(name, builder_of(dataset, data_dir=folder), folder, print_)


def at_hand(dataset: Mapping[str, Any], fingerprint: str) -> Clips | None:
    """Return the clips of prepared data where those are on this machine, wherever the data set's own files are.

    Args:
        dataset: the `dataset` group of a configuration.
        fingerprint: of the prepared data.
    """
    folder = Path(dataset.get("data_dir") or home()) / dataset["name"] / fingerprint
    if not (folder / "clips.csv").is_file():
        return None
    try:
        return Clips(dataset["name"], builder_of(dataset, data_dir=folder), folder, fingerprint)
    except Exception:  # damaged, or of a builder that is not there any more
        return None


def _count_as_not_prepared(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "clips.csv").unlink()
