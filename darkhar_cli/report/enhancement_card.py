"""The enhancement card: what an enhancement costs and does to clips, in numbers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from darkhar_cli.extractors.person import tracking
from darkhar_cli.extractors.person.keypoints import MoveNet
from darkhar_cli.report.clips_shown import Chain, ClipShown, Enhancer, luma_of

FRAMES = 24  # frames in a row, from the middle of a clip: a second of film at most rates
_SATURATED = 254.5  # rounds to 255
_TIMED = 3  # runs, of which the fastest counts
TITLES = {
    "enhance": "enhancement",
    "ms_per_frame": "ms a frame",
    "luma": "mean luma",
    "saturated": "saturated, %",
    "flicker": "flicker, %",
    "confidence": "keypoints",
}
ABOUT = (
    "Mean luma: BT.601, 0 to 255. Saturated: pixels with a channel at 255. Flicker: standard deviation of the steps "
    "between successive frames' mean luma, in percent of the mean luma. Keypoints: mean confidence of MoveNet's 17, "
    "0 to 1. Milliseconds: of this machine, at the clips' own size."
)


@dataclass(frozen=True)
class Measured:
    """What is measured of frames: mean luma 0..255, saturated and flicker in percent, keypoint confidence 0..1.

    Confidence is None where MoveNet is not at hand; flicker is nan of black clips and of single frames.
    """

    luma: float
    saturated: float
    flicker: float
    confidence: float | None


@dataclass(frozen=True)
class EnhancementCard:
    """The card of one chain of enhancements.

    Attributes:
        enhance: the chain as typed.
        clips, frames: how many it is measured on; frames in all.
        ms_per_frame: milliseconds that enhancing a frame takes on this machine, as training does it; median of clips.
        before, after: medians of clips.
    """

    enhance: str
    clips: int
    frames: int
    ms_per_frame: float
    before: Measured
    after: Measured

    def row(self) -> dict[str, str | int | float | None]:
        """Return it as a row of a table: `luma_before`, `luma_after`, and so on."""
        pairs = {
            f"{name}_{when}": value
            for name in asdict(self.before)
            for when, value in (("before", getattr(self.before, name)), ("after", getattr(self.after, name)))
        }
        head = {"enhance": self.enhance, "clips": self.clips, "frames": self.frames}
        return {**head, "ms_per_frame": self.ms_per_frame, **pairs}

    def cells(self) -> list[str]:
        """Return it as words under `TITLES`, before and after beside each other."""
        words = [self.enhance, f"{self.ms_per_frame:.2f}"]
        for name, digits in (("luma", 1), ("saturated", 2), ("flicker", 2), ("confidence", 2)):
            both = getattr(self.before, name), getattr(self.after, name)
            words.append(" → ".join("?" if _unknown(value) else f"{value:.{digits}f}" for value in both))
        return words


def _unknown(value: float | None) -> bool:
    return value is None or not np.isfinite(value)


def cards_table(cards: Sequence[EnhancementCard]) -> pd.DataFrame:
    """Return cards as a table, a row each."""
    return pd.DataFrame([card.row() for card in cards])


def measure_cards(
    chains: Sequence[tuple[str, Chain]],
    clips: Sequence[ClipShown],
    net: MoveNet | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[EnhancementCard]:
    """Return the card of each chain (its name and parts), measured on the middle of each clip.

    Args:
        chains: name as typed, and the chain.
        clips: on which.
        net: MoveNet, for the keypoints' confidence.
        advance: called after each clip.

    Raises:
        FailedWork: a clip cannot be read; names it.
    """
    enhancers = [Enhancer(chain) for _, chain in chains]
    before: list[Measured] = []
    after: list[list[tuple[float, Measured]]] = [[] for _ in chains]
    frames_in_all = 0
    for clip in clips:
        first = max(0, (clip.n_frames - FRAMES) // 2)
        frames = clip.frames(np.arange(first, min(first + FRAMES, clip.n_frames)))
        frames_in_all += len(frames)
        before.append(_measured(frames, net))
        for enhancer, found in zip(enhancers, after, strict=True):
            found.append((_milliseconds(enhancer, frames), _measured(enhancer(frames), net)))
        advance()
    return [
        EnhancementCard(name, len(clips), frames_in_all, _median([ms for ms, _ in found]), *map(_medians, both))
        for (name, _), found in zip(chains, after, strict=True)
        for both in [(before, [measured for _, measured in found])]
    ]


def _milliseconds(enhancer: Enhancer, frames: np.ndarray) -> float:
    """Return milliseconds a frame, the fastest of some runs after one that is not counted."""
    taken = []
    for _ in range(1 + _TIMED):
        start = time.perf_counter()
        enhancer(frames)
        taken.append(time.perf_counter() - start)
    return 1000 * min(taken[1:]) / len(frames)


def _measured(frames: np.ndarray, net: MoveNet | None) -> Measured:
    """Return what is measured of frames in a row (T, H, W, 3), uint8 or float."""
    luma = luma_of(frames)
    mean = float(luma.mean())
    flicker = 100 * float(np.diff(luma).std()) / mean if len(luma) > 1 and mean > 0 else float("nan")
    saturated = 100 * float((frames.max(axis=-1) >= _SATURATED).mean())
    if net is None:
        return Measured(mean, saturated, flicker, None)
    person = tracking.follow(np.rint(np.clip(frames, 0, 255)).astype(np.uint8), net)
    return Measured(mean, saturated, flicker, float(person.points[:, :, 2].mean()))


def _medians(measured: Sequence[Measured]) -> Measured:
    sure = [one.confidence for one in measured if one.confidence is not None]
    return Measured(
        _median([one.luma for one in measured]),
        _median([one.saturated for one in measured]),
        _median([one.flicker for one in measured]),
        _median(sure) if sure else None,
    )


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")
