"""A data set as a table of clips plus bytes on demand.

Prepared data live in `<data_dir>/<name>/<fingerprint>`; the fingerprint covers the builder's version, its options,
the label files and every clip's size and time, so that another folder never gets the first one's clips.
"""

import contextlib
import importlib
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import asides, claims, console, disk
from darkhar_cli.builder import TRAIN, ClipBuilder, Source
from darkhar_cli.duplicates import Labelled, contradictions, copies
from darkhar_cli.duplicates import told as copies_told
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.frame_times import IRREGULAR
from darkhar_cli.home import elsewhere, home
from darkhar_cli.listing import counted, several
from darkhar_cli.names import refuse_alike
from darkhar_cli.records import DamagedRecord, Records, first_line
from darkhar_cli.table_files import read_csv, write_csv

TEST = "test"
_COLUMNS = ["id", "split", "index", "label", "group", "n_frames", "fps", "height", "width", "digest"]
_COLUMNS += ["twin", "light", "corrupt", "skippable", "jitter"]
_NOT_OPTIONS = ("name", "data_dir", "on_error", "reverse")


class Clips:
    """The clips of a prepared data set.

    `table` has a row per clip: id, split (`train` or `test`, the official held-out split), label (name), group,
    n_frames, fps, height, width, digest (SHA-256 of the bytes), and where that is known twin (what a clip has in common
    with the same in another light), light (`dark`, `bright`), corrupt (frames that the decoder marks), skippable (1:
    decoding may leave out frames nothing is predicted from) and jitter (how far frames are off a constant rate, in
    frames). A run adds luma (mean, 0..255) and scene (the cluster of near-identical backgrounds that the clip is of).
    """

    def __init__(self, name: str, builder: ClipBuilder, folder: Path, fingerprint: str):
        self.name, self.folder, self.fingerprint = name, folder, fingerprint
        self.synthetic, self.like_real = builder.DRAWN, builder.like_real
        self.classes: list[str] = builder.info.features["label"].names
        self.skipped, self.left_out = read_csv(folder / "skipped.csv"), read_csv(folder / "left_out.csv")
        table = read_csv(folder / "clips.csv")
        table["split"] = table["split"].where(table["split"] == TRAIN, TEST)
        self.table = table
        self._records = Records(builder)
        self._times: dict[str, np.ndarray] = {}
        self._stored_split = {TRAIN: TRAIN, TEST: builder.HELD_OUT}

    @property
    def damaged(self) -> pd.DataFrame:
        """Return the rows of clips that were kept although frames of theirs are corrupt."""
        return self.table[self.table["corrupt"] > 0]

    def rows(self, split: str) -> list[int]:
        """Return the table's row numbers of a split (`train` or `test`)."""
        return self.table.index[self.table["split"] == split].tolist()

    def left_out_told(self) -> str:
        """Return in words what stands in the data set's folder and was not taken, or an empty string."""
        if self.left_out.empty:
            return ""
        return f"not taken: {counted(self.left_out['reason'])}; each is named in {self.folder / 'left_out.csv'}"

    def labels(self, rows: Sequence[int]) -> list[int]:
        """Return class indices of table rows."""
        index = {name: i for i, name in enumerate(self.classes)}
        return [index[name] for name in self.table["label"].iloc[list(rows)]]

    def video(self, row: int) -> bytes:
        """Return the encoded bytes of one clip.

        Raises:
            FailedWork: the prepared data are damaged (the file is named); the next run prepares them again.
        """
        return self._record(row)["video"]

    def times(self, row: int) -> np.ndarray | None:
        """Return when one clip's frames are shown, (T,) float64 seconds; None: at a constant rate."""
        if self.table["jitter"].iloc[row] <= IRREGULAR:
            return None
        digest = self.table["digest"].iloc[row]
        if digest not in self._times:
            self._times[digest] = self._record(row)["times"]
        return self._times[digest]

    def _record(self, row: int) -> dict[str, Any]:
        clip = self.table.iloc[row]
        try:
            return self._records.read(self._stored_split[clip["split"]], int(clip["index"]), clip["digest"])
        except DamagedRecord as problem:
            _count_as_not_prepared(self.folder)
            raise FailedWork(
                f"prepared data are damaged: {clip['id']} cannot be read from {problem}; "
                "give the command again: it prepares them anew"
            ) from problem


def builder_class(name: str) -> type[ClipBuilder]:
    """Return the TFDS builder of a data set, by import path."""
    return importlib.import_module(f"darkhar_datasets.{name}.{name}_dataset_builder").Builder


def _builder(dataset: Mapping[str, Any], **kwargs: Any) -> ClipBuilder:
    options = {key: value for key, value in dataset.items() if key not in _NOT_OPTIONS}
    return builder_class(dataset["name"])(**options, **kwargs)


def fingerprint(dataset: Mapping[str, Any]) -> str:
    """Return the hash of everything that the prepared data depend on, without reading a clip.

    Raises:
        BadRequest: the data set is not where or what it should be.
    """
    builder = _builder(dataset, data_dir=home())
    options = {key: str(value) for key, value in dataset.items() if key not in ("data_dir", "reverse")}
    parts: list[Any] = [dataset["name"], str(builder.VERSION), builder.FORMAT, options]
    paths = builder.files() + [s.load.args[0] for s in builder.sources() if s.load.func is Path.read_bytes]
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
        _prepare_there(dataset, folder)
    try:
        return Clips(name, _builder(dataset, data_dir=folder), folder, print_)
    except PermissionError as problem:
        raise FailedWork(f"cannot read prepared data in {folder}: {problem.strerror}") from problem
    except Exception as problem:  # the builder itself was made without an error for the fingerprint
        console.warn(f"prepared data in {folder} are damaged ({first_line(problem)}): they are prepared again")
        _count_as_not_prepared(folder)
        _prepare_there(dataset, folder)
    return Clips(name, _builder(dataset, data_dir=folder), folder, print_)


def _count_as_not_prepared(folder: Path) -> None:
    with contextlib.suppress(OSError):
        (folder / "clips.csv").unlink()


def _prepare_there(dataset: Mapping[str, Any], folder: Path) -> None:
    """Prepare a data set unless another process does it meanwhile: then wait for that."""
    cure = elsewhere("dataset.data_dir", chosen=bool(dataset.get("data_dir")))
    writing = partial(disk.writing, cure=cure, what="cannot write prepared data to")
    file = folder.with_name(f".{folder.name}.claim")
    told = lambda _: writing(folder)  # noqa: E731  the folder is what a user knows, not the claim beside it
    with writing(folder), claims.held(file, f"data set {dataset['name']} ({folder})", writing=told):
        asides.remove_leftovers(folder.parent, folder.name)
        if not (folder / "clips.csv").is_file():
            _prepare(dataset, folder)


def _prepare(dataset: Mapping[str, Any], folder: Path) -> None:
    """Build a data set beside its place and move it there when it is whole."""
    aside = asides.beside(folder)
    aside.mkdir(parents=True, exist_ok=True)
    try:
        counting = _builder(dataset, data_dir=aside)
        sources = counting.sources()
        _refuse_twins(sources)
        refuse_alike(counting.classes(), f"data set {dataset['name']}")
        same = copies(_labelled(sources))
        console.note(f"preparing {dataset['name']}: {len(sources)} clips")
        with console.progress("prepare", len(sources)) as progress:
            keep = dataset["on_error"] == "keep"
            builder = _builder(dataset, data_dir=aside, on_clip=progress.advance, keep_damaged=keep)
            builder.refused = contradictions(same)
            readable = _build(builder)
        left_out = counting.left_out()
        for what in (*counting.left_aside, *filter(None, [copies_told(same)])):
            console.warn(what)
        _report_skipped(builder, dataset["on_error"] if readable else "stop")
        _write_tables(builder, aside)
        write_csv(aside / "left_out.csv", pd.DataFrame(left_out, columns=["path", "reason"]), None)
        builder.write_beside(aside)
        if not (folder / "clips.csv").is_file():
            shutil.rmtree(folder, ignore_errors=True)  # damaged
        try:
            os.replace(aside, folder)
        except OSError:
            if not (folder / "clips.csv").is_file():  # else another process was faster: same clips
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _build(builder: ClipBuilder) -> bool:
    """Write the records; return whether every split has a clip that can be read."""
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # tfds announces on standard output
            builder.download_and_prepare()
    except AssertionError:  # a split without a single record
        if not builder.skipped:
            raise
        return False
    return True


def _labelled(sources: Sequence[Source]) -> list[Labelled]:
    """Return the clips that are files, with their labels."""
    files = [source for source in sources if not source.problem and source.load.func is Path.read_bytes]
    return [Labelled(source.id, source.label, source.load.args[0]) for source in files]


def _refuse_twins(sources: Sequence[Any]) -> None:
    seen: set[str] = set()
    for source in sources:
        if source.id in seen:
            raise BadRequest(f"{source.id} is listed twice; keep one of the two")
        seen.add(source.id)


def _report_skipped(builder: ClipBuilder, on_error: str) -> None:
    if not builder.skipped:
        return
    lines = [f"  {clip.id}: {clip.reason}" for clip in builder.skipped]
    listed = "\n".join(lines[:50]) + (f"\n  ... and {len(lines) - 50} more" if len(lines) > 50 else "")
    if on_error == "stop":
        keep = any(clip.damaged for clip in builder.skipped)
        other = ", or take those with corrupt frames all the same with dataset.on_error=keep" if keep else ""
        cure = f"mend or remove them, or leave them out with dataset.on_error=skip{other}"
        raise FailedWork(f"{several(len(lines), 'broken clip')}; {cure}:\n{listed}")
    console.warn(f"{several(len(lines), 'broken clip', verb=True)} left out:\n{listed}")


def _write_tables(builder: ClipBuilder, folder: Path) -> None:
    """Write clips.csv (an index of the records) and skipped.csv."""
    rows = []
    for split in builder.info.splits:
        for index, record in enumerate(builder.as_data_source(split)):
            texts = {key: record[key].decode() for key in ("id", "group", "digest", "twin", "light")}
            keys = ("n_frames", "fps", "height", "width", "corrupt", "skippable", "jitter")
            numbers = {key: record[key] for key in keys}
            label = builder.info.features["label"].int2str(record["label"])
            rows.append({"split": split, "index": index, "label": label, **texts, **numbers})
    if not rows:
        raise FailedWork("no clip could be read")
    skipped = pd.DataFrame([vars(s) for s in builder.skipped], columns=["id", "split", "reason"])
    write_csv(folder / "skipped.csv", skipped, None)
    write_csv(folder / "clips.csv", pd.DataFrame(rows, columns=_COLUMNS), None)
