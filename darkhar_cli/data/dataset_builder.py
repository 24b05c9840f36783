"""What every data set is: a TFDS builder whose records hold the clips' encoded bytes.

A data set lists its `sources()`; this base checks each by decoding it, stores it as ArrayRecord and collects
what is broken. TensorFlow is needed for `as_dataset` alone, not to prepare or to read (`as_data_source`).
"""

import os
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from darkhar_cli import stopping
from darkhar_cli.data.frame_times import Timing, frame_times, timing_of
from darkhar_cli.data.listing import Excluded
from darkhar_cli.data.tfds_adapter import UnlistedBuilder
from darkhar_cli.data.video import ClipError, DamagedClip, VideoInfo, inspect, read_frames
from darkhar_cli.data.worker_processes import WorkerContext
from darkhar_cli.names import printable

TRAIN = "train"


@dataclass(frozen=True)
class Source:
    """One clip to be stored; `problem` is the reason why it cannot be (a missing file, an unknown label).

    Clips with one `twin` show the very same in another `light`.
    """

    id: str
    split: str
    label: str
    load: Callable[[], bytes]
    group: str = ""
    problem: str = ""
    twin: str = ""
    light: str = ""

    @property
    def file(self) -> Path | None:
        """Return the file that the clip is read from, if it is one."""
        if isinstance(self.load, partial) and self.load.func is Path.read_bytes:
            return self.load.args[0]
        return None

    def __post_init__(self) -> None:
        for name in ("id", "split", "label", "group", "problem", "twin", "light"):
            object.__setattr__(self, name, printable(getattr(self, name)))  # records and tables hold one line of text


@dataclass(frozen=True)
class Skipped:
    """A clip that could not be stored, and why."""

    id: str
    split: str
    reason: str
    damaged: bool = False  # can be kept: frames of it are corrupt


class Damage(str):
    """The reason why a clip is refused that could be kept."""


Checked = tuple[bytes, VideoInfo, Timing]


def _check(load: Callable[[], bytes], keep_damaged: bool) -> Checked | str:
    """Load and decode one clip; return its bytes, what they hold and when it is shown, or the reason why not."""
    try:
        data = load()
        info = _inspected(data, keep_damaged)
        return data, info, timing_of(frame_times(data, info.n_frames), info.fps)
    except DamagedClip as problem:
        return Damage(problem)
    except ClipError as problem:
        return str(problem)
    except OSError as problem:
        return problem.strerror or str(problem)


def _inspected(data: bytes, keep_damaged: bool) -> VideoInfo:
    """Return what a clip holds; one with corrupt frames is refused unless those are kept."""
    try:
        return inspect(data)
    except DamagedClip as problem:
        if keep_damaged:
            return problem.info
        raise


class ClipBuilder(UnlistedBuilder):
    """Base of the data sets.

    Subclasses name their `HELD_OUT` split, and give `classes()`, `sources()` and `files()`.
    """

    VERSION = tfds.core.Version("1.2.0")
    FORMAT = 5  # raise it when decoding or what a record holds changes: data prepared before are then prepared again
    HELD_OUT = "test"
    code_path = None  # nothing is downloaded: keeps tfds from looking for checksum files beside the code
    DRAWN = False  # clips are computed here (in processes), not read (in threads)
    like_real = False  # whether synthetic clips claim to match real dark ones: `darkhar check` tests that

    def __init__(self, *, on_clip: Callable[[], None] = lambda: None, keep_damaged: bool = False, **kwargs: Any):
        self.on_clip, self.keep_damaged = on_clip, keep_damaged
        self.skipped: list[Skipped] = []
        self.left_aside: list[str] = []  # what is in the data set but not taken, in words
        self.refused: dict[str, str] = {}  # clip -> why it cannot be stored, found by looking at all of them
        kwargs.setdefault("file_format", "array_record")
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
        return tfds.core.DatasetInfo(builder=self, features=info, disable_shuffling=True)

    def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[tuple[int, dict[str, Any]]]]:
        splits = {source.split: None for source in self.sources()}
        return {split: self._generate_examples(split) for split in splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        sources = [
            replace(source, problem=source.problem or self.refused.get(source.id, ""))
            for source in self.sources()
            if source.split == split
        ]
        for number, (source, result) in enumerate(zip(sources, self._checked(sources), strict=True)):
            self.on_clip()
            if isinstance(result, str):
                problem = source.problem or result
                self.skipped.append(Skipped(source.id, split, problem, isinstance(problem, Damage)))
                continue
            data, info, timing = result
            yield (
                number,
                {
                    "id": source.id,
                    "video": data,
                    "label": source.label,
                    "group": source.group,
                    "n_frames": info.n_frames,
                    "fps": timing.fps,
                    "height": info.height,
                    "width": info.width,
                    "corrupt": info.corrupt,
                    "skippable": int(info.skippable),
                    "digest": sha256(data).hexdigest(),
                    "twin": source.twin,
                    "light": source.light,
                    "jitter": timing.jitter,
                    "times": timing.times,
                },
            )

    def _checked(self, sources: list[Source]) -> Iterator[Checked | str]:
        """Check clips on all cores, in order, a bounded number of them at a time."""
        loads = [partial(str, s.problem) if s.problem else partial(_check, s.load, self.keep_damaged) for s in sources]
        with stopping.leaving(self._workers(len(loads))) as workers:
            waiting: deque[Future] = deque()
            queue = iter(loads)
            for load in islice(queue, 4 * (os.cpu_count() or 1)):
                waiting.append(workers.submit(load))
            while waiting:
                yield waiting.popleft().result()
                for load in islice(queue, 1):
                    waiting.append(workers.submit(load))

    def _workers(self, count: int) -> Executor:
        cores = os.cpu_count() or 1
        if self.DRAWN and cores > 1 and count > 24:  # a process takes a second to start
            return ProcessPoolExecutor(cores, mp_context=WorkerContext(), initializer=stopping.follow_parent)
        return ThreadPoolExecutor(cores)

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
