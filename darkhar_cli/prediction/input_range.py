"""What a model was trained on, and what of an input lies outside of that: it would be predicted all the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from darkhar_cli.data.loose_clips import LooseClip
from darkhar_cli.runs.run_folder import Run

_FRAMES = 16  # evenly spaced, those whose mean luma a run's tables have
_CELLS = (20, 15)  # width and height of the thumbnail that motion is looked for in
# Grey levels: of 38 real dark clips each had more (2.6 to 117), of their first frames repeated with noise, flicker and
# H.264 three in four had less.
_STILL = 1.5
_DARKER, _BRIGHTER = 0.5, 2.0  # times the darkest and the brightest training clip
_RATE = 0.1  # frame rates that differ by less are the same
_LENGTH = 2.0  # times the longest, or one in so many of the shortest


@dataclass(frozen=True)
class Look:
    """What a clip looks like.

    Attributes:
        luma: mean BT.601 luma over evenly spaced frames, 0..255.
        change: how much the part of the picture that changes most does, in grey levels.
    """

    luma: float
    change: float


def look(clip: LooseClip) -> Look:
    """Return what a clip looks like, from 16 evenly spaced frames.

    Raises:
        ClipError: it cannot be read.
    """
    positions = np.linspace(0, clip.n_frames - 1, min(_FRAMES, clip.n_frames)).round().astype(np.int64)
    greys = [cv2.cvtColor(frame.astype(np.float32), cv2.COLOR_RGB2GRAY) for frame in clip.read(positions)]
    means = [(grey / 255).mean() for grey in greys]
    return Look(float(np.mean(np.array(means, np.float32), dtype=np.float64) * 255), change_of(greys))


def change_of(greys: Sequence[np.ndarray]) -> float:
    """Return the largest change over time of any cell of frames (T, H, W): its standard deviation in grey levels.

    What all cells do alike, as flicker and automatic exposure make them, is taken off; a cell's mean hardly has noise.
    """
    small = np.stack([cv2.resize(grey, _CELLS, interpolation=cv2.INTER_AREA) for grey in greys]).astype(np.float64)
    gain = np.median(small, axis=(1, 2), keepdims=True)
    level = np.median(gain)
    even = small * (level / np.maximum(gain, 1.0)) if level >= 1 else small
    return float(even.std(axis=0).max())


@dataclass(frozen=True)
class InputRange:
    """The range of a run's training clips; each a least, median and most, or nothing where it is not known.

    Attributes:
        luma: mean luma, 0..255.
        fps: frames per second.
        seconds: length.
    """

    luma: tuple[float, ...] = ()
    fps: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()

    @classmethod
    def of_run(cls, run: Run) -> "InputRange":
        """Return what run.json keeps; of an older run the brightness of the clips that predictions.csv scores."""
        about: Mapping[str, Any] = run.facts().get("training_clips", {})
        spans = {key: tuple(about.get(key, ())) for key in ("luma", "fps", "seconds")}
        if not spans["luma"]:
            table = run.read("predictions.csv")
            plain = table[table["split"] == "validation"]
            if "luma" in plain and len(plain):
                spans["luma"] = tuple(float(plain["luma"].quantile(share)) for share in (0, 0.5, 1))
        return cls(**spans)

    def notes(self, clip: LooseClip, seen: Look, whole: bool = True) -> tuple[str, ...]:
        """Return in words what lies outside, nothing where all is as in training."""
        found = [clip.damage] if clip.damage else []
        if self.luma and seen.luma < _DARKER * self.luma[0]:
            found.append(
                f"much darker than the training clips (mean luma {seen.luma:.1f}; they have {_span(self.luma)})"
            )
        if self.luma and seen.luma > _BRIGHTER * self.luma[2]:
            found.append(
                f"much brighter than the training clips (mean luma {seen.luma:.1f}; they have {_span(self.luma)})"
            )
        if self.fps and clip.fps and not _within(clip.fps, self.fps[0] * (1 - _RATE), self.fps[2] * (1 + _RATE)):
            found.append(f"another frame rate ({clip.fps:.4g} a second; training clips have {_span(self.fps)})")
        if whole and self.seconds and clip.seconds:
            if clip.seconds > _LENGTH * self.seconds[2]:
                found.append(
                    f"much longer than the training clips ({clip.seconds:.1f} s; they have {_span(self.seconds)})"
                )
            elif clip.seconds < self.seconds[0] / _LENGTH:
                found.append(
                    f"much shorter than the training clips ({clip.seconds:.1f} s; they have {_span(self.seconds)})"
                )
        if clip.n_frames > 1 and seen.change < _STILL:
            found.append(f"nobody moves (no part of the picture changes by more than {seen.change:.1f} grey levels)")
        return tuple(found)


def _within(value: float, low: float, high: float) -> bool:
    return low <= value <= high


def _span(values: Sequence[float]) -> str:
    low, high = (f"{value:.4g}" for value in (values[0], values[2]))
    return low if low == high else f"{low} to {high}"
