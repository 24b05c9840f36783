"""Whether an exported model gives the run's predictions, how large it is, how fast, and what int8 costs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.loose_clips import LooseClip, clip_of_bytes
from darkhar_cli.errors import FailedWork
from darkhar_cli.export.reference import Pipeline
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.runs.run_folder import Run

LARGEST = 1e-3  # difference of a probability that counts as the same
_TIMED = 5  # times that a clip is predicted to see how long it takes


@dataclass(frozen=True)
class Checked:
    """What came of checking an exported model.

    Attributes:
        clips: how many it was checked on.
        difference: the largest, of any probability.
        before, after: share of clips that the run's models and the exported one name rightly.
        size: bytes of the model's files.
        ms: milliseconds of the model alone for a clip, the median of a few.
        whole_ms: milliseconds of all for a clip: decoding, features, model; the median.
    """

    clips: int
    difference: float
    before: float
    after: float
    size: int
    ms: float
    whole_ms: float

    def words(self) -> str:
        """Return size and latency as a line."""
        return (
            f"{self.size / 1e6:.2f} MB; a clip takes {self.ms:.1f} ms in the model, {self.whole_ms:.0f} ms in all "
            "(decoding and features too; this machine's CPU)"
        )


def clips_to_check(run: Run, clips: Clips, most: int | None) -> list[tuple[LooseClip, str]]:
    """Return validation clips of a run and their labels, spread evenly over them; `most` None: all."""
    table = run.read("assignment.csv")
    wanted = set(table.loc[table["split"] == "validation", "digest"]) if "digest" in table else None
    known = clips.table if wanted is None else clips.table[clips.table["digest"].isin(wanted)]
    rows = (known if len(known) else clips.table).index.to_numpy()
    if most is not None and len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    names = [(int(row), str(clips.table.at[row, "id"]), str(clips.table.at[row, "label"])) for row in rows]
    return [(clip_of_bytes(name, clips.video(row)), label) for row, name, label in names]


def of_one_size(clips: Sequence[tuple[LooseClip, str]], size: tuple[int, int]) -> list[tuple[LooseClip, str]]:
    """Return the clips whose frames have a size (height, width)."""
    return [(clip, label) for clip, label in clips if (clip.height, clip.width) == size]


def check(
    folder: Path, clips: Sequence[tuple[LooseClip, str]], expected: np.ndarray, files: Sequence[Path], same: bool
) -> Checked:
    """Return what an exported model gives for clips, beside what the run's models give.

    Args:
        folder: of the export.
        clips: with their labels.
        expected: (N, K) of the run's models.
        files: the model's own.
        same: refuse a model whose probabilities are others.

    Raises:
        FailedWork: they differ by more than `LARGEST`, or are no numbers.
    """
    pipeline = Pipeline(folder)
    with quiet_start():  # what reads a format greets
        pipeline.probabilities(clips[0][0])  # compiled on first use, not counted
    found, whole_ms = _timed(pipeline, [clip for clip, _ in clips])
    difference = float(np.abs(found - expected).max())
    if not np.isfinite(found).all() or (same and difference > LARGEST):
        worst = clips[int(np.nan_to_num(np.abs(found - expected), nan=1).max(axis=1).argmax())][0].id
        raise FailedWork(
            f"the exported model does not give the run's predictions: probabilities differ by up to {difference:.2g} "
            f"(at most {LARGEST:g} is allowed), most for {worst}; nothing was written: use another format="
        )
    truth = np.array([pipeline.classes.index(label) for _, label in clips])
    before, after = (float((p.argmax(axis=1) == truth).mean()) for p in (expected, found))
    size = sum(
        one.stat().st_size for path in files for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file()
    )
    return Checked(len(clips), difference, before, after, size, _milliseconds(pipeline, clips[0][0]), whole_ms)


def _timed(pipeline: Pipeline, clips: Sequence[LooseClip]) -> tuple[np.ndarray, float]:
    """Return probabilities (N, K) of clips, and the median of the milliseconds that each took."""
    found, taken = [], []
    for clip in clips:
        began = time.perf_counter()
        found.append(pipeline.probabilities(clip))
        taken.append(1000 * (time.perf_counter() - began))
    return np.stack(found), float(np.median(taken))


def _milliseconds(pipeline: Pipeline, clip: LooseClip) -> float:
    inputs, taken = pipeline.inputs(clip), []
    for _ in range(_TIMED):
        began = time.perf_counter()
        pipeline.network(inputs)
        taken.append(time.perf_counter() - began)
    return 1000 * float(np.median(taken))
