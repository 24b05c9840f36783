"""Low-light statistics of clips: brightness, noise, flicker; and whether they match real dark clips.

Luma is BT.601 of the decoded frames, 0..255. Temporal noise is 1.4826 / sqrt(2) times each pixel's median absolute
difference between nine consecutive frames, so that what moves for a moment does not count.
"""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from darkhar_cli import ambient
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.video import ClipError, read_frames
from darkhar_cli.errors import FailedWork
from darkhar_cli.stopping import leaving

DARK = 10  # luma at or below which a pixel counts as dark
BINS = (0, 10, 20, 30, 40, 50, 256)
_QUANTILES = {"p10": 0.1, "median": 0.5, "p90": 0.9}
_SPREAD, _IN_A_ROW, _FEWEST = 16, 9, 50  # frames for brightness, frames for noise, pixels that make a bin count
_MAD = 1.4826 / 2**0.5  # of differences: to one frame's standard deviation


@dataclass(frozen=True)
class Quantity:
    """One line of the table.

    Attributes:
        name: what is measured.
        column: of the table of clips.
        of: how clips make one number: `p10`, `median`, `p90` or `mean`.
        real: what 246 real dark clips have (EE6222, of ARID), 16 frames each.
        low, high: what is accepted of clips that claim to be like them; None where nothing is claimed.
    """

    name: str
    column: str
    of: str
    real: float
    low: float | None = None
    high: float | None = None

    def value(self, clips: pd.DataFrame) -> float:
        """Return the number for a table of `measured` clips, nan where no clip has one."""
        values = clips[self.column].dropna()
        return float(values.mean() if self.of == "mean" else values.quantile(_QUANTILES[self.of]))

    def accepts(self, value: float) -> bool:
        """Whether a number lies within the tolerance; one that no clip has does not."""
        return self.low is None or self.high is None or bool(self.low <= value <= self.high)


def _noise() -> list[Quantity]:
    """Return the noise of each bin; real clips' values are accepted to within 0.7 levels."""
    names = [f"{low}-{high - 1}" if high < 256 else f"{low}+" for low, high in itertools.pairwise(BINS)]
    real = (0.0, 0.5, 1.05, 1.05, 1.6, 1.05)
    return [
        Quantity(
            f"noise at luma {name}", f"noise_{name}", "median", value, round(max(0.0, value - 0.7), 2), value + 0.7
        )
        for name, value in zip(names, real, strict=True)
    ]


QUANTITIES = (
    Quantity("clip mean luma, p10", "mean", "p10", 9.3, 6.3, 12.3),
    Quantity("clip mean luma, median", "mean", "median", 16.0, 12.0, 20.0),
    Quantity("clip mean luma, p90", "mean", "p90", 31.0, 25.0, 37.0),
    Quantity("clip median luma, median", "median", "median", 12.0),
    Quantity("clip 99th percentile, median", "p99", "median", 81.0),
    Quantity(f"share of pixels <= {DARK}, median", "dark", "median", 0.39),
    Quantity(f"share of pixels <= {DARK}, mean", "dark", "mean", 0.45, 0.4, 0.5),
    *_noise(),
    Quantity("flicker, p10", "flicker", "p10", 0.06),
    Quantity("flicker, median", "flicker", "median", 0.11, 0.05, 0.3),
    Quantity("flicker, p90", "flicker", "p90", 0.33),
    Quantity("frames, median", "frames", "median", 71.0),
    Quantity("bit rate, median, kb/s", "rate", "median", 2930.0),
)


def measure(frames: np.ndarray, size: int, fps: float) -> dict[str, float]:
    """Return the statistics of one clip.

    Args:
        frames: all of it, (T, H, W, 3) uint8.
        size: its encoded bytes.
        fps: frames per second.

    Returns:
        mean, median and p99 of luma and the share `dark` over 16 evenly spaced frames; `noise_<bin>` by the pixel's
        own luma, nan where fewer than 50 pixels are in the bin; `flicker`, the standard deviation of the steps
        between successive frames' mean luma; frames; rate in kb/s.
    """
    luma = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])
    count = len(luma)
    spread = luma[np.linspace(0, count - 1, min(_SPREAD, count)).round().astype(int)]
    share = np.cumsum(np.bincount(spread.ravel(), minlength=256)) / spread.size
    means = luma.reshape(count, -1).mean(axis=1)
    statistics = {"mean": float(spread.mean()), "median": float(np.searchsorted(share, 0.5))}
    statistics |= {"p99": float(np.searchsorted(share, 0.99)), "dark": float(share[DARK])}
    first = max(0, (count - _IN_A_ROW) // 2)
    row = luma[first : first + _IN_A_ROW].astype(np.int16)
    level = np.median(row, axis=0)
    noise = _MAD * np.median(np.abs(np.diff(row, axis=0)), axis=0) if len(row) > 1 else np.full(level.shape, np.nan)
    for quantity, (low, high) in zip(_noise(), itertools.pairwise(BINS), strict=True):
        inside = noise[(level >= low) & (level < high)]
        statistics[quantity.column] = float(np.median(inside)) if len(inside) >= _FEWEST else float("nan")
    statistics["flicker"] = float(np.diff(means).std()) if count > 1 else float("nan")
    return statistics | {"frames": float(count), "rate": size * 8 / 1000 * fps / count}


def measured(clips: Clips, rows: Sequence[int], advance: Callable[[], None] = lambda: None) -> pd.DataFrame:
    """Return a row for each clip, in that order: id, split, label, group, and the columns of `measure`.

    Raises:
        FailedWork: a clip cannot be read.
    """

    def one(row: int) -> dict[str, float]:
        clip, data = clips.table.loc[row], clips.video(row)
        try:
            statistics = measure(read_frames(data), len(data), float(clip["fps"]))
        except ClipError as problem:
            raise FailedWork(f"{clip['id']}: {problem}") from problem
        advance()
        return statistics

    with leaving(ThreadPoolExecutor(ambient.cores())) as pool:
        statistics = pd.DataFrame(list(pool.map(one, rows)), index=list(rows))
    return clips.table.loc[list(rows), ["id", "split", "label", "group"]].join(statistics)


def acceptance(clips: pd.DataFrame, held: bool, real: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the acceptance table: quantity, value, low, high, real, here, ok.

    Args:
        clips: as `measured` returns them.
        held: whether the tolerances hold for them; else low, high and ok are empty.
        real: real clips measured by the same code, for the column `here`.
    """
    rows = []
    for quantity in QUANTITIES:
        value = quantity.value(clips)
        row = {"quantity": quantity.name, "value": value, "low": None, "high": None, "real": quantity.real}
        row |= {"here": None if real is None else quantity.value(real), "ok": ""}
        if held and quantity.low is not None:
            row |= {"low": quantity.low, "high": quantity.high, "ok": "ok" if quantity.accepts(value) else "out"}
        rows.append(row)
    return pd.DataFrame(rows)
