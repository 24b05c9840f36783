"""What frozen parts compute once per frame, whatever the epoch, fold, head, seed or job: features from the bank.

Sampling, enhancement and extraction commute when they work per frame, so positions are drawn first and only frames
that no one has computed yet are decoded, enhanced and extracted. Parts that look at more than a frame are keyed by
what they look at (`Unit`).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from darkhar_cli.errors import FailedWork
from darkhar_cli.features.feature_cache import Claim, FeatureCache
from darkhar_cli.features.feature_entry import Damaged, Entry
from darkhar_cli.features.interpolation import between, frames_for
from darkhar_cli.features.lru import LeastRecentlyUsed
from darkhar_cli.features.memory_cache import MemoryFeatureCache
from darkhar_cli.features.prefetch import Engine, collate, extract
from darkhar_cli.features.units import Unit, Wanted, entry_name, wanted_entries

_WAIT_S = 0.05  # before asking again for entries that other processes are writing
_PATIENCE = 200  # such waits before a user is told
_TRIES = 3  # to read what was just written
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class _Task:
    """Frames of one clip to be computed for one entry."""

    row: int
    name: str
    positions: np.ndarray
    last: bool  # of the entry


class CachedFeatures:
    """Features of frozen parts, (B, T, F) float32, from the bank; what it lacks is computed and put there.

    Args:
        table: the clips (`digest`, `id`, `n_frames`).
        bank: where features are kept.
        prepare: row, positions (T,) -> frames as the engine takes them (T, h, w, 3).
        engine: frames -> features.
        unit: what is computed together.
        report: told of damaged entries.
        keep_bytes: memory for entries that were read.
        at_a_time: most frames of a clip that are prepared together, where each is computed on its own.
        width: F, where it is known: entries of another width are damaged.

    Attributes:
        computed: how many frames this process has extracted.
    """

    def __init__(
        self,
        table: pd.DataFrame,
        bank: FeatureCache | MemoryFeatureCache,
        prepare: Callable[[int, np.ndarray], np.ndarray],
        engine: Engine,
        unit: Unit = Unit.FRAME,
        report: Callable[[str], None] = lambda _: None,
        keep_bytes: int = 1 << 30,
        at_a_time: int = 1 << 30,
        width: int | None = None,
    ):
        self.table, self.bank, self.engine, self.unit, self.report = table, bank, engine, unit, report
        self.computed = 0
        self._at_a_time, self._width = at_a_time, width
        self._lengths: dict[str, int] = dict(zip(table["digest"], table["n_frames"], strict=True))
        self._prepare = prepare
        self._known: dict[str, np.ndarray] = {}
        self._requested: dict[str, np.ndarray] = {}
        self._reported: set[str] = set()
        self._recent: LeastRecentlyUsed[str, Entry] = LeastRecentlyUsed(keep_bytes, lambda e: e.features.nbytes)

    @property
    def reused(self) -> int:
        """Return how many of the frames asked for others had computed before."""
        return max(0, sum(map(len, self._requested.values())) - self.computed)

    def _lacking(self, name: str, positions: np.ndarray) -> np.ndarray:
        """Return the positions that an entry has not."""
        if name not in self._known:
            self._look(name)
        known = self._known[name]
        if self.unit is Unit.FRAME:
            return positions[~np.isin(positions, known)]
        return _NONE if np.array_equal(known, positions) else positions

    def _look(self, name: str) -> Entry | None:
        """Read an entry and remember what it holds; a damaged one is reported, and holds nothing."""
        entry = None
        try:
            entry = self.bank.read(name)
            if entry is not None:
                self._refuse_other(name, entry)
        except Damaged as problem:
            entry = None
            if name not in self._reported:
                self.report(f"bank entry {self.bank.path(name).name} is damaged ({problem}): computed again")
            self._reported.add(name)
        self._known[name] = _NONE if entry is None else entry.positions
        if entry is None:
            self._recent.drop(name)
        else:
            self._recent.put(name, entry)
        return entry

    def _refuse_other(self, name: str, entry: Entry) -> None:
        """Refuse an entry whose arrays cannot be what this extractor made of this clip.

        Raises:
            Damaged: names what is wrong.
        """
        positions, width = entry.positions, entry.features.shape[1]
        if self._width is not None and width != self._width:
            raise Damaged(f"has {width} features a frame, and the extractor {self._width}")
        if self.unit is Unit.FRAME and (np.diff(positions) <= 0).any():
            raise Damaged("its frames are out of order")
        length = self._lengths.get(name.partition("-")[0])
        if len(positions) and (positions.min() < 0 or (length is not None and positions.max() >= length)):
            raise Damaged(f"has frames that the clip has not ({positions.min()} to {positions.max()})")

    def missing(self, requests: Iterable[tuple[int, np.ndarray]]) -> int:
        """Return how many frames `fill` would have to compute."""
        return sum(
            len(self._lacking(name, positions))
            for name, (_, positions) in wanted_entries(self.unit, self.table, requests).items()
        )

    def fill(
        self,
        requests: Iterable[tuple[int, np.ndarray]],
        advance: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        """Compute what the bank lacks of these (row, positions); `advance` is told of frames as they are done.

        Raises:
            FailedWork: a clip cannot be read, its features are not finite, or the bank cannot be written.
        """
        wanted = wanted_entries(self.unit, self.table, requests)
        for name, (_, positions) in wanted.items():
            before = self._requested.get(name, _NONE)
            self._requested[name] = np.union1d(before, positions) if self.unit is Unit.FRAME else positions
        pending = {name: item for name, item in wanted.items() if len(self._lacking(name, item[1]))}
        waits = 0
        while pending:
            busy: Wanted = {}
            held: dict[str, Claim] = {}
            try:
                for task, features in extract(self._claimed(pending, busy, held, advance), self._frames, self.engine):
                    self._store(task, features)
                    if task.last:
                        held.pop(task.name).release()
                    advance("", len(features))
            finally:
                for claim in held.values():
                    claim.release()
            if len(busy) == len(pending):  # never while claims are held: nobody can wait in a circle
                time.sleep(_WAIT_S)
                waits += 1
                if waits == _PATIENCE:
                    self.report(f"waiting for another process that computes {len(busy)} entries of {self.bank.folder}")
            pending = busy

    def _claimed(
        self, pending: Wanted, busy: Wanted, held: dict[str, Claim], advance: Callable[[str, int], None]
    ) -> Iterator[_Task]:
        """Yield what is still to be computed and nobody else is computing; the rest becomes `busy`."""
        for name, (row, positions) in pending.items():
            claim = self.bank.claim(name)
            if claim is None:
                busy[name] = (row, positions)
                continue
            held[name] = claim
            if self.bank.take_leftover(name):
                self.report(f"bank entry {name} was left half-written: computed again")
            before = self._lacking(name, positions)
            self._look(name)  # another process may have been faster
            lacking = self._lacking(name, positions)
            if len(lacking) < len(before):
                advance("", len(before) - len(lacking))
            if not len(lacking):
                held.pop(name).release()
                continue
            step = self._at_a_time if self.unit is Unit.FRAME else len(lacking)
            for start in range(0, len(lacking), step):
                yield _Task(row, name, lacking[start : start + step], start + step >= len(lacking))

    def _frames(self, task: _Task) -> np.ndarray:
        return self._prepare(task.row, task.positions)

    def _store(self, task: _Task, features: np.ndarray) -> None:
        """Add computed features to their entry."""
        if features.ndim != 2 or len(features) != len(task.positions):
            raise FailedWork(
                f"{self.table.at[task.row, 'id']}: the extractor gave {features.shape} for {len(task.positions)} frames"
            )
        if not np.isfinite(features).all():
            raise FailedWork(
                f"{self.table.at[task.row, 'id']}: features are not finite; try train.precision=float32 or "
                "runtime.precision=float32"
            )
        positions, features = task.positions, features.astype(np.float32)
        old = self._recent.get(task.name) or (self._look(task.name) if len(self._known[task.name]) else None)
        if old is not None and self.unit is Unit.FRAME:
            positions, first = np.unique(np.concatenate([old.positions, positions]), return_index=True)
            features = np.concatenate([old.features, features])[first]
        self.bank.write(task.name, Entry(positions, features))
        self._known[task.name] = positions
        self._reported.discard(task.name)
        self._recent.drop(task.name)  # read again when it is needed: extraction's memory does not grow
        self.computed += len(task.positions)

    def _pick(self, row: int, positions: np.ndarray) -> np.ndarray:
        """Return one clip's features at these positions (T, F)."""
        name = entry_name(self.unit, self.table, row, positions)
        entry = self._recent.get(name)
        for _ in range(_TRIES):  # it may be unread yet, pruned by somebody, or damaged since
            if entry is not None:
                break
            entry = self._look(name)
            if len(self._lacking(name, wanted_entries(self.unit, self.table, [(row, positions)])[name][1])):
                self.fill([(row, positions)])
                entry = None
        else:
            raise FailedWork(f"{self.bank.path(name)} cannot be read again after it was written; is the disk failing?")
        if self.unit is Unit.SAMPLE:
            return entry.features
        return entry.features[np.searchsorted(entry.positions, positions)]

    def each(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each row's features at its positions (T, F); between frames they are interpolated."""
        whole = [frames_for(wanted) for wanted in positions]
        self.fill(zip(rows, whole, strict=True))
        picked = []
        for row, wanted, frames in zip(rows, positions, whole, strict=True):
            features = self._pick(row, frames)
            picked.append(features if wanted.dtype.kind == "i" else between(features, frames, wanted))
        return picked

    def load(self, rows: Sequence[int], positions: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch of these rows' features at these positions, and its mask."""
        return collate(self.each(rows, positions))

    def facts(self) -> Mapping[str, object]:
        """Return what run.json keeps: the bank's folder name, and frames by where they came from."""
        return {"bank": self.bank.folder.name, "computed": self.computed, "reused": self.reused}
