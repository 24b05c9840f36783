"""What a run would have to compute before it can train, and how much of that is stored already; nothing is computed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from darkhar_cli.features import appearance
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.units import wanted_entries
from darkhar_cli.splits.plan import Plan
from darkhar_cli.training.stream import Stream
from darkhar_cli.training.trainer import Trainer


@dataclass(frozen=True)
class PendingFeatures:
    """Frames of one way of computing features.

    Attributes:
        what: computes them, in words.
        frames: how many are needed, each once.
        stored: how many of them are stored; None: not known before other features are there.
        cache: the folder that they are stored in; empty where they are not.
    """

    what: str
    frames: int
    stored: int | None
    cache: str = ""


def pending_features(trainer: Trainer, plan: Plan, epochs: int) -> list[PendingFeatures]:
    """Return what scoring and the first `epochs` of all folds need, stream by stream.

    Args:
        trainer: its setting is `read_only`, so that asking makes nothing.
        plan: the folds.
        epochs: how many.
    """
    if trainer.mode != "features":
        return list(_frames(trainer, plan, epochs))
    found: list[PendingFeatures] = []
    banks: dict[str, _Bank] = {}  # by folder: streams may differ in their sampler alone
    for wanted in trainer.wanted(plan, epochs):
        stream, darkening = wanted.stream, wanted.darkening
        inputs = stream.inputs(darkening)
        assert isinstance(inputs, CachedFeatures), "features are not trained"
        what = f"{stream.extractor.name}{f', {darkening.split}' if darkening else ''}"
        bank = banks.setdefault(str(inputs.bank.folder), _Bank(what, inputs))
        motion = stream.motion_missing(wanted.rows, darkening)
        if motion:
            every = int(trainer.clips.table.loc[wanted.rows, "n_frames"].sum())
            found.append(PendingFeatures("changes from frame to frame, for the sampler", every, every - motion))
        if stream.extractor.scope == "clip":
            bank.wanted += _whole(stream, wanted.rows)
        elif motion:
            bank.unknown += _picked(stream, wanted.rows)
        else:
            bank.wanted += stream.wanted(wanted.rows, wanted.epochs, darkening)
    return [*found, *(bank.pending(trainer.clips.table) for bank in banks.values())]


@dataclass
class _Bank:
    """What is wanted of a bank: rows and positions, and how many frames that are not known yet."""

    what: str
    inputs: CachedFeatures
    wanted: list[tuple[int, np.ndarray]] = field(default_factory=list)
    unknown: int = 0

    def pending(self, table: pd.DataFrame) -> PendingFeatures:
        """Return how many frames are wanted, and stored."""
        entries = wanted_entries(self.inputs.unit, table, self.wanted)
        frames = sum(len(positions) for _, positions in entries.values())
        stored = None if self.unknown else frames - self.inputs.missing(self.wanted)
        return PendingFeatures(self.what, frames + self.unknown, stored, str(self.inputs.bank.folder))


def pending_appearance(trainer: Trainer, cache: Path) -> PendingFeatures:
    """Return what brightness and backgrounds of all clips need."""
    frames, missing = appearance.pending(trainer.clips, cache)
    return PendingFeatures("brightness and backgrounds", frames, frames - missing, str(cache))


def _whole(stream: Stream, rows: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield all frames of rows: what an extractor of whole clips computes, whichever a sampler picks then."""
    for row in rows:
        yield row, np.arange(stream.clips.table.at[row, "n_frames"])


def _picked(stream: Stream, rows: list[int]) -> int:
    """Return how many frames are picked of some rows in scoring."""
    lengths, rates = (stream.clips.table.loc[rows, key].to_numpy() for key in ("n_frames", "fps"))
    return int(np.sum(np.broadcast_to(stream.sampler.count(np, lengths, rates), len(rows)))) * stream.plan.views


def _frames(trainer: Trainer, plan: Plan, epochs: int) -> Iterator[PendingFeatures]:
    """Yield how many frames are read of the clips to be learnt from; they are stored nowhere."""
    for wanted in trainer.wanted(plan, epochs):
        what = f"frames for {wanted.stream.extractor.name}{f', {wanted.darkening.split}' if wanted.darkening else ''}"
        if wanted.stream.motion_missing(wanted.rows, wanted.darkening):
            yield PendingFeatures(what, _picked(wanted.stream, wanted.rows), 0)
            continue
        positions: dict[int, np.ndarray] = {}
        for row, picked in wanted.stream.wanted(wanted.rows, wanted.epochs, wanted.darkening):
            positions[row] = np.union1d(positions.get(row, picked), picked)
        yield PendingFeatures(what, sum(map(len, positions.values())), 0)
