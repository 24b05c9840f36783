"""Clips whose background is another clip's: what moves is cut out and put before a place where it never was."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from threading import Lock
from typing import Any, ClassVar

import cv2
import numpy as np

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.video import read_frames
from darkhar_cli.extractors.person import flow_input, mover
from darkhar_cli.features.lru import LeastRecentlyUsed
from darkhar_cli.randomness import key_of
from darkhar_cli.registry import file_hash

_FRAMES = 16  # evenly spaced, of which a background is the median
_LONGEST, _BLUR = 160, 0.8  # pixels of the longer side that what moves is looked for at
_JOINED, _CERTAIN = 0.025, 0.15  # frame heights: of the Gaussian that fills a body; smoothed evidence of what moves
_KEPT = 8  # backgrounds held: chunks of a clip come one after another


@dataclass(frozen=True)
class OtherBackground:
    """How a clip's background is exchanged for that of another recording's clip, chosen by both clips' contents.

    What moves is what differs from the clip's own background (its median frame) by more than its noise, so it takes a
    camera that stands still; who stands still for most of a clip is background. Idea: Li et al., Mitigating and
    Evaluating Static Bias of Action Representations in the Background and the Foreground (SCUBA), ICCV 2023,
    arXiv 2211.12883, where people are pasted onto other videos' backgrounds.

    Attributes:
        seed: of the choice.
    """

    seed: int = 0
    split: ClassVar[str] = "background"  # of the clips scored so

    def about(self, clips: Clips) -> dict[str, Any]:
        """Return what features of such clips depend on: all clips that a background can come from, too."""
        pool = clips.table[["digest", "group", "label"]].sort_values("digest").to_csv(index=False)
        source = file_hash(OtherBackground, mover, flow_input)
        return {**asdict(self), "pool": sha256(pool.encode()).hexdigest()[:16], "source": source}

    def apply(self, clips: Clips, row: int, frames: np.ndarray, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return frames (n, H, W, 3) uint8 of a row's clip before the other clip's background, uint8."""
        own, other = (_backgrounds.of(clips, one) for one in (row, self.donor(clips, row)))
        other = cv2.resize(other, own.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
        still = flow_input.luma(own, _LONGEST, _BLUR)
        made = np.empty_like(frames)
        for frame, place in zip(frames, made, strict=True):
            share = _moving(flow_input.luma(frame, _LONGEST, _BLUR), still)
            share = cv2.resize(share, own.shape[1::-1], interpolation=cv2.INTER_LINEAR)[:, :, None]
            place[...] = np.rint(other + share * (frame - other))
        return made

    def donor(self, clips: Clips, row: int) -> int:
        """Return the row whose background a clip gets: of another group, or where groups are unknown another class."""
        table = clips.table
        clip = table.loc[row]
        key = "group" if clip["group"] != "" else "label"
        able = table.index[(table[key] != clip[key]) & (table["digest"] != clip["digest"])]
        if not len(able):
            return row
        return int(min(able, key=lambda one: key_of(self.seed, 0, f"{clip['digest']}/{table.at[one, 'digest']}")))


def _moving(image: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Return how much of each pixel (h, w) is what moves, 0..1 float32."""
    found = mover.beyond_noise(image.astype(np.float32), still, None)
    filled = cv2.GaussianBlur(np.asarray(found, np.float32), (0, 0), max(1.0, _JOINED * image.shape[0]))
    return np.minimum(filled / np.float32(_CERTAIN), np.float32(1.0))


class _Backgrounds:
    """Clips' median frames, the last few of them; safe in threads."""

    def __init__(self) -> None:
        self._kept: LeastRecentlyUsed[str, np.ndarray] = LeastRecentlyUsed(_KEPT)
        self._lock = Lock()

    def of(self, clips: Clips, row: int) -> np.ndarray:
        """Return a clip's median frame (H, W, 3) uint8."""
        digest = clips.table.at[row, "digest"]
        with self._lock:
            found = self._kept.get(digest)
        if found is not None:
            return found
        length = int(clips.table.at[row, "n_frames"])
        picked = np.unique(np.linspace(0, length - 1, min(_FRAMES, length)).round().astype(int))
        found = np.median(read_frames(clips.video(row), picked), axis=0).astype(np.uint8)
        with self._lock:
            self._kept.put(digest, found)
        return found


_backgrounds = _Backgrounds()
