"""What every data set is: a TFDS builder that keeps its clips' encoded bytes.

A data set lists its `sources()`; this base checks each by decoding it, stores it by content (`clip_store`) with a table
beside it, and collects what is broken. TensorFlow is needed for `as_dataset` alone, not to prepare or to read
(`as_data_source`).
"""

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow_datasets as tfds

from darkhar_cli import plugins, stopping
from darkhar_cli.data import clip_store
from darkhar_cli.data.checking_apart import WORTH_IT, CheckedApart
from darkhar_cli.data.clip_store import StoredClip
from darkhar_cli.data.examples import Examples
from darkhar_cli.data.listing import Excluded
from darkhar_cli.data.sources import TRAIN, Checked, Damage, Skipped, Source, check
from darkhar_cli.data.tfds_adapter import LocalInfo, UnlistedBuilder
from darkhar_cli.data.video import ClipError, read_clip, read_frames
from darkhar_cli.data.worker_processes import WorkerContext
from darkhar_cli.files.tables import read_csv, write_csv

__all__ = ["TRAIN", "ClipBuilder", "Source"]

_COLUMNS = ["id", "split", "index", "label", "group", "n_frames", "fps", "height", "width", "digest"]
_COLUMNS += ["twin", "light", "corrupt", "skippable", "jitter"]
_MANY_FILES = 1000  # decoding small clips in threads, Python itself is what they wait for
_OFFICIAL = "official"  # a column where the data set has several official splits


def _start_worker(own: Path | None) -> None:
    """Begin a process that computes clips, as a data set in a user's own file may say."""
    stopping.follow_parent()
    if own is not None:
        plugins.load(own)


class ClipBuilder(UnlistedBuilder):
    """Base of the data sets.

    Subclasses name their `HELD_OUT` split, and give `classes()`, `sources()` and `files()`.
    """

    VERSION = tfds.core.Version("1.2.0")
    FORMAT = clip_store.FORMAT
    HELD_OUT = "test"
    code_path = None  # nothing is downloaded: keeps tfds from looking for checksum files beside the code
    DRAWN = False  # clips are computed here (in processes), not read (in threads)
    like_real = False  # whether synthetic clips claim to match real dark ones: `darkhar check` tests that

    def __init__(self, *, on_clip: Callable[[], None] = lambda: None, keep_damaged: bool = False, **kwargs: Any):
        self.on_clip, self.keep_damaged = on_clip, keep_damaged
        self.skipped: list[Skipped] = []
        self.notes: list[str] = []  # how the data set was read, in words
        self.left_aside: list[str] = []  # what is in the data set but not taken, in words
        self.refused: dict[str, str] = {}  # clip -> why it cannot be stored, found by looking at all of them
        self.stores: Sequence[Path] = ()  # indexes of stores that may have some of the clips
        super().__init__(**kwargs)

    @abstractmethod
    def classes(self) -> list[str]:
        """Return the class names in label order.

        Raises:
            BadRequest: the data set is not where or what it should be.
        """

    @abstractmethod
    def sources(self) -> list[Source]:
        """Return every clip of every split present, in a fixed order."""

    def files(self) -> list[Path]:
        """Return the files beside the clips that the result depends on (label lists)."""
        return []

    def excluded(self) -> list[Excluded]:
        """Return the files in the data set's folder that are neither clips nor lists, each with the reason."""
        return []

    def write_beside(self, folder: Path) -> None:
        """Write further files that belong beside the prepared clips."""

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "id": tfds.features.Text(),
            "video": tfds.features.Text(doc="the clip's encoded bytes"),
            "label": tfds.features.ClassLabel(names=self.classes()),
            "group": tfds.features.Text(doc="scene, actor or recording: must not straddle folds"),
            "n_frames": np.int32,
            "fps": np.float32,
            "height": np.int32,
            "width": np.int32,
            "corrupt": tfds.features.Scalar(np.int32, doc="frames that the decoder marks as corrupt"),
            "skippable": tfds.features.Scalar(np.int32, doc="1: frames nothing is predicted from may be left out"),
            "digest": tfds.features.Text(doc="SHA-256 of the encoded bytes"),
            "twin": tfds.features.Text(doc="what a clip and its twin in another light have in common"),
            "light": tfds.features.Text(doc="dark or bright, where that is known"),
            "jitter": np.float32,
            "times": tfds.features.Tensor(shape=(None,), dtype=np.float64, doc="seconds, where frames are irregular"),
        }
        info = tfds.features.FeaturesDict(features)
        return LocalInfo(builder=self, features=info, disable_shuffling=True)

    @property
    def folder(self) -> Path:
        """Return the folder that the tables and the store are in: the builder's `data_dir`."""
        return Path(self.data_dir).parent.parent

    def store(self) -> Mapping[str, tuple[int, int]]:
        """Check and store every clip that is not stored yet; write clips.csv and skipped.csv.

        Returns:
            How many clips and bytes each split has.
        """
        refused = self.refused
        sources = [replace(one, problem=one.problem or refused.get(one.id, "")) for one in self.sources()]
        known = self._stored_before(sources)
        counts = {source.split: (0, 0) for source in sources}
        rows: dict[str, list[dict[str, Any]]] = {split: [] for split in counts}
        with clip_store.Writer(self.folder / clip_store.FOLDER) as writer:
            for source, result in zip(sources, self._checked(sources, known), strict=True):
                self.on_clip()
                if isinstance(result, str):
                    problem = source.problem or result
                    self.skipped.append(Skipped(source.id, source.split, problem, isinstance(problem, Damage)))
                    continue
                data, clip = result
                if source.id not in known:
                    writer.add(clip, data)
                of_split = rows[source.split]
                of_split.append(_row(source, clip, len(of_split)))
                count, size = counts[source.split]
                counts[source.split] = count + 1, size + len(data)
        self._write_tables([row for of_split in rows.values() for row in of_split])
        return counts

    def _stored_before(self, sources: Sequence[Source]) -> dict[str, StoredClip]:
        """Return what is known of the sources that other prepared data sets have stored, now linked to this one's."""
        if not self.stores or self.DRAWN:
            return {}
        with stopping.leaving(ThreadPoolExecutor(os.cpu_count() or 1)) as workers:
            named = zip(sources, workers.map(_digest, sources), strict=True)
            digests = {source.id: digest for source, digest in named if digest}
        found = clip_store.take_over(digests.values(), self.stores, self.folder / clip_store.FOLDER)
        return {
            name: found[digest]
            for name, digest in digests.items()
            if digest in found and (self.keep_damaged or not found[digest].corrupt)
        }

    def _write_tables(self, rows: Sequence[Mapping[str, Any]]) -> None:
        several = [_OFFICIAL] if any(row[_OFFICIAL] for row in rows) else []
        write_csv(self.folder / "clips.csv", pd.DataFrame(rows, columns=[*_COLUMNS, *several]), None)
        skipped = pd.DataFrame([vars(s) for s in self.skipped], columns=["id", "split", "reason"])
        write_csv(self.folder / "skipped.csv", skipped, None)

    def _checked(self, sources: list[Source], known: Mapping[str, StoredClip]) -> Iterator[Checked | str]:
        """Check clips on all cores, in order, a bounded number of them at a time; known ones are not read again."""

        cores = os.cpu_count() or 1
        apart = CheckedApart(cores) if len(sources) - len(known) > WORTH_IT and not self.DRAWN else None

        def work(source: Source) -> Callable[[], Checked | str]:
            if source.problem:
                return partial(str, source.problem)
            if source.id in known:
                return partial(lambda clip: (b"", clip), known[source.id])  # nothing new
            if apart and source.file is not None:
                return partial(apart.check, source.file, self.keep_damaged)
            return partial(check, source.load, self.keep_damaged)

        loads = list(map(work, sources))
        files = len(loads) - len(known) if all(source.problem or source.file for source in sources) else 0
        with stopping.leaving(self._workers(len(loads), files)) as workers:
            waiting: deque[Future] = deque()
            queue = iter(loads)
            for load in islice(queue, 4 * cores):
                waiting.append(workers.submit(load))
            while waiting:
                yield waiting.popleft().result()
                for load in islice(queue, 1):
                    waiting.append(workers.submit(load))
        if apart:
            apart.close()

    def _workers(self, count: int, files: int) -> Executor:
        """Return processes where they are worth their start, else threads, for so many clips or files to decode."""
        cores = os.cpu_count() or 1
        if cores > 1 and (count > 24 if self.DRAWN else files >= _MANY_FILES):  # a process takes a second to start
            own = (plugins.file_of(type(self).__module__),)
            return ProcessPoolExecutor(cores, WorkerContext(), _start_worker, own)
        return ThreadPoolExecutor(cores)

    def as_data_source(self, split: Any = None, **unused: Any) -> Any:
        """Return the clips of a split, by number: what `info.features` names; or a dict of them by split."""
        if split is None:
            return {name: self.as_data_source(name) for name in self.info.splits}
        table = read_csv(self.folder / "clips.csv")
        store = clip_store.ClipStore(self.folder / clip_store.FOLDER)
        return Examples(table[table["split"] == str(split)], store, self.classes())

    def as_dataset(self, split: Any = None, *, as_supervised: bool = False, **unused: Any) -> Any:
        """Return a `tf.data.Dataset` of decoded clips, or a dict of them by split.

        Each element has `frameseq` uint8 (T, H, W, 3), `label` int64, and `id`, `group`, `fps`; clips differ in length,
        so batch them with `.ragged_batch(n)`. With `as_supervised`, elements are `(frameseq, label)`.
        """
        if split is None:
            return {name: self.as_dataset(name, as_supervised=as_supervised) for name in self.info.splits}
        import tensorflow as tf

        source = self.as_data_source(split)

        def elements() -> Iterator[Any]:
            for record in source:
                frames = read_frames(record["video"])
                if as_supervised:
                    yield frames, record["label"]
                else:
                    rest = {key: record[key] for key in ("label", "id", "group", "fps")}
                    yield {"frameseq": frames, **rest}

        frames, label = tf.TensorSpec((None, None, None, 3), tf.uint8), tf.TensorSpec((), tf.int64)
        text, number = tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.float32)
        rest = {"label": label, "id": text, "group": text, "fps": number}
        signature = (frames, label) if as_supervised else {"frameseq": frames, **rest}
        dataset = tf.data.Dataset.from_generator(elements, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(len(source)))


def _digest(source: Source) -> str:
    """Return the SHA-256 of a clip's file, or nothing where it has none that can be read."""
    if source.problem or source.file is None:
        return ""
    try:
        return sha256(read_clip(source.file)).hexdigest()
    except (OSError, ValueError, ClipError):  # checked as a clip, it is named with the reason
        return ""


def _row(source: Source, clip: StoredClip, index: int) -> dict[str, Any]:
    """Return a clip's row of clips.csv; floats have the precision of float32."""
    about = {"id": source.id, "split": source.split, "index": index, "label": source.label, "group": source.group}
    known = {name: getattr(clip, name) for name in ("n_frames", "height", "width", "digest", "corrupt", "skippable")}
    rates = {"fps": np.float32(clip.fps), "jitter": np.float32(clip.jitter)}
    return {**about, **known, **rates, "twin": source.twin, "light": source.light, _OFFICIAL: source.official}
