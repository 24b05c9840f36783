"""What many clips cost: preparation, extraction, a first and a second run, at several numbers of generated clips."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.measure import row

_POINTS = (250, 1000)  # and as many as DARKHAR_SCALE_CLIPS says
_FRAMES, _HEIGHT, _WIDTH = 8, 24, 32
_MARK_S, _MILLION = 10.0, 1_000_000
_JOB = (
    "extractor=luma",
    "extractor.percentile=90",
    "sampler.frames=4",
    "cv=stratified",
    "cv.folds=2",
    "train.epochs=1",
    "fresh=true",
)
# The time until a run begins to train: what comes before is start-up. Nothing is trained.
_UNTIL_TRAINING = """
import os, sys, time
started = time.time()
from darkhar_cli import cli
from darkhar_cli.training import cross_validation

def begins(*_):
    print(time.time() - started, flush=True)
    os._exit(0)

cross_validation._train = begins
sys.exit(cli.main(["train", *sys.argv[1:]]))
"""


@dataclass
class Point:
    """What one command took: seconds by the clock and of all cores, peak memory and what its folder grew by in MB."""

    clips: int
    stage: str
    wall: float
    cpu: float
    peak: float
    disk: float
    files: int

    def line(self) -> str:
        """Return it as a row of a table."""
        each, rate = 1000 * self.cpu / self.clips, self.clips / self.wall
        return (
            f"{self.clips:>7,} {self.stage:<13}{self.wall:>7.1f} s {self.cpu:>7.1f} s CPU {each:>7.2f} ms/clip"
            f" {rate:>6.0f} clips/s {self.peak:>6.0f} MB {self.disk:>7.1f} MB disk {self.files:>7,} files"
        )


def draw_clips(root: Path, count: int) -> None:
    """Write so many small clips, each of its own content, in four classes."""
    from darkhar_cli.data.video import write_video

    for number in range(count):
        frames = np.random.default_rng(number).integers(0, 60, (_FRAMES, _HEIGHT, _WIDTH, 3), np.uint8)
        place = root / f"class_{number % 4}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"clip_{number:07d}.mp4").write_bytes(write_video(frames, 15))


def _size(folder: Path) -> tuple[float, int]:
    files = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(files) / 1e6, len(files)


def measured(clips: int, stage: str, command: list[str], place: Path) -> tuple[Point, str]:
    """Run a command in `place`; return what it took, and what it printed.

    Raises:
        RuntimeError: it failed.
    """
    environment = {**os.environ, "DARKHAR_HOME": str(place / "home"), "DARKHAR_OFFLINE": "1"}
    before, started = _size(place / "home"), time.perf_counter()
    with (place / "out").open("w") as out, (place / "err").open("w") as err:
        child = subprocess.Popen(command, cwd=place, env=environment, stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise RuntimeError(f"{stage}: {(place / 'err').read_text()[-2000:]}")
    grown = [now - then for now, then in zip(_size(place / "home"), before, strict=True)]
    point = Point(clips, stage, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, grown[0], int(grown[1]))
    return point, (place / "out").read_text()


def points_of(clips: int, place: Path) -> list[Point]:
    """Return what each stage takes with so many clips."""
    place.mkdir()
    draw_clips(place / "clips", clips)
    data = ["dataset=video_folder", f"dataset.root={place / 'clips'}"]
    program = [sys.executable, "-m", "darkhar_cli"]
    stages = {
        "prepare": [*program, "prepare", *data],
        "extract": [*program, "extract", *data, *_JOB, "classifier=mean_pool"],
        "first run": [*program, "train", *data, *_JOB, "classifier=mean_pool"],
    }
    points = [measured(clips, stage, command, place)[0] for stage, command in stages.items()]
    second = [sys.executable, "-c", _UNTIL_TRAINING, *data, *_JOB, "classifier=linear"]
    point, said = measured(clips, "second start", second, place)
    point.wall = float(said.splitlines()[-1])
    return [*points, point]


def projected(points: list[Point], stage: str, clips: int) -> tuple[float, float]:
    """Return CPU seconds and peak MB of a stage with so many clips, by a line through the measured ones."""
    of_stage = [point for point in points if point.stage == stage]
    counts = [point.clips for point in of_stage]
    return tuple(  # type: ignore[return-value]
        float(np.polyval(np.polyfit(counts, [getattr(point, key) for point in of_stage], 1), clips))
        for key in ("cpu", "peak")
    )


def scale(place: Path) -> dict[str, Any]:
    """Compare the start of a second run on many clips with the mark of 10 s; measure every stage, project a million."""
    largest = int(os.environ.get("DARKHAR_SCALE_CLIPS", "2000"))
    counts = sorted({*(count for count in _POINTS if count < largest), largest})
    points = [point for count in counts for point in points_of(count, place / str(count))]
    lines = [point.line() for point in points]
    stages = list(dict.fromkeys(point.stage for point in points))
    for stage in stages:
        cpu, peak = projected(points, stage, _MILLION)
        lines.append(
            f"{_MILLION:>7,} {stage:<12}{cpu / 3600:>8.1f} h CPU, {peak / 1000:.1f} GB, by a line through these"
        )
    each = {stage: projected(points, stage, _MILLION)[0] for stage in stages}
    lines.append(f"slowest step: {max(each, key=each.__getitem__)}")
    if to := os.environ.get("DARKHAR_SCALE_POINTS"):
        Path(to).write_text(json.dumps([vars(point) for point in points], indent=1) + "\n")
    start = points[-1].wall
    note = f"{_WIDTH}x{_HEIGHT} pixels, {_FRAMES} frames a clip, one frame in two looked at by `luma`\n" + "\n".join(
        lines
    )
    return row(f"{start:.1f} s", f"{_MARK_S:g} s", _MARK_S / start, 1, note)
