"""Where what is seen of clips comes from: features from a bank, or frames decoded to be learnt from."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli import ambient
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.frame_loader import FrameInputs, HostFrames
from darkhar_cli.features.frozen_extractor import Frozen
from darkhar_cli.features.memory_cache import MemoryCache, MemoryFeatureCache, UnwrittenFeatureCache
from darkhar_cli.models.action_model import Part

_FLOW_BYTES = 1 << 30  # prepared frames on their way to the engine
_KEEP_BYTES = 1 << 30  # frames kept for the next epochs where they are learnt from


def banked_features(
    clips: Clips,
    cache: Path | MemoryCache | None,
    frozen: Frozen,
    enhance: Sequence[Part],
    darkening: Corruption | None,
    report: Callable[[str], None],
    at_a_time: int,
    read_only: bool = False,
) -> CachedFeatures:
    """Return features of clips darkened in this way, from a bank of their own.

    Args:
        clips: on what.
        cache: the folder of all banks, or those in memory; None: features stay in memory, for as long as what is
            returned here.
        frozen: what computes them.
        enhance: how frames are lit before.
        darkening: how clips are darkened before that, if at all.
        report: told of damaged features.
        at_a_time: most frames of a clip that are prepared together.
        read_only: write nothing: what is computed stays in memory.
    """
    before = partial(_darkened, clips, darkening) if darkening else None
    about = {**frozen.about, darkening.split: darkening.about(clips)} if darkening else frozen.about
    frames = HostFrames(clips, enhance, frozen.extractor.size, frozen.last, frozen.whole, before)
    bank, width = _bank(cache, about, read_only), frozen.extractor.features
    return CachedFeatures(
        clips.table, bank, frames, frozen.engine, frozen.unit, report, at_a_time=at_a_time, width=width
    )


def _bank(
    cache: Path | MemoryCache | None, about: Mapping[str, Any], read_only: bool
) -> FeatureCache | MemoryFeatureCache:
    if cache is None:
        return MemoryFeatureCache(about)
    if isinstance(cache, MemoryCache):
        return cache.bank(about)
    return UnwrittenFeatureCache(cache, about) if read_only else FeatureCache(cache, about)


def decoded_frames(
    clips: Clips, enhance: Sequence[Part], size: tuple[int, int] | None, darkening: Corruption | None
) -> FrameInputs:
    """Return frames of clips darkened in this way, lit and of this size (height, width; None: their own)."""
    before = partial(_darkened, clips, darkening) if darkening else None
    return FrameInputs(HostFrames(clips, enhance, size, before=before), _KEEP_BYTES // (4 if darkening else 1))


def frames_at_a_time(clips: Clips, size: tuple[int, int] | None) -> int:
    """Return how many frames of a clip may be prepared together: as many as all cores' share of memory holds."""
    height, width = size or clips.table[["height", "width"]].max()
    return max(16, int(_FLOW_BYTES // (ambient.cores() + 1) // (height * width * 12)))


def _darkened(
    clips: Clips, darkening: Corruption, frames: np.ndarray, row: int, positions: Sequence[int]
) -> np.ndarray:
    return darkening.apply(clips, row, frames, positions)
