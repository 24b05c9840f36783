"""How clips look before anything is learnt: how bright each is, and what stands still in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from darkhar_cli import console
from darkhar_cli.data.background_similarity import HEIGHT, WIDTH
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.feature_cache import FeatureCache
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.features.frozen_extractor import frozen_alone
from darkhar_cli.features.memory_cache import MemoryFeatureCache, UnwrittenFeatureCache
from darkhar_cli.features.units import Unit
from darkhar_cli.models.action_model import Part

_FRAMES = 16  # evenly spaced; as many as `background` takes its median of, so it sees all that it would pick
_UNENHANCED: list[Part] = [("none", {})]
_LUMA: Part = ("luma", {"percentile": 95.0})
_BACKGROUND: Part = ("background", {"width": WIDTH, "height": HEIGHT})


@dataclass(frozen=True)
class Looks:
    """What clips look like.

    Attributes:
        luma: mean BT.601 luma of each clip over evenly spaced frames, (N,) float64, 0..255.
        backgrounds: each clip's median frame as a grey thumbnail, (N, F) float32, 0..1.
    """

    luma: np.ndarray
    backgrounds: np.ndarray


def look_at(
    clips: Clips, cache: Path, report: Callable[[str], None] = console.warn, rows: Sequence[int] | None = None
) -> Looks:
    """Return the looks of some rows, or of all, in that order, from the bank; what it lacks is computed once.

    Args:
        clips: the data set.
        cache: the folder of all banks.
        report: told of damaged entries.
        rows: of the clips' table; None for all.

    Raises:
        FailedWork: a clip cannot be read, or the bank cannot be written.
    """
    rows = clips.table.index.tolist() if rows is None else list(rows)
    wanted = _wanted(clips, rows)
    both = _inputs(clips, cache, report)
    missing = sum(one.missing(wanted) for one in both)
    if missing:
        with console.progress("reading brightness and backgrounds", missing, rate=True) as progress:
            for one in both:
                one.fill(wanted, progress.advance)
    backgrounds, luma = ([one.load([row], [positions])[0][0] for row, positions in wanted] for one in both)
    return Looks(
        _mean_luma(luma),
        np.array([values[0] for values in backgrounds], np.float32).reshape(len(rows), HEIGHT * WIDTH),
    )


def pending(clips: Clips, cache: Path) -> tuple[int, int]:
    """Return how many frames `look_at` needs of all clips, and how many of them it would have to read; writes nothing.

    Args:
        clips: the data set.
        cache: the folder of all banks.
    """
    wanted = _wanted(clips, clips.table.index.tolist())
    missing = max(one.missing(wanted) for one in _inputs(clips, cache, lambda _: None, UnwrittenFeatureCache))
    return sum(len(positions) for _, positions in wanted), missing  # a clip is decoded once for both


def darkened_luma(
    clips: Clips,
    cache: Path,
    rows: Sequence[int],
    darkening: Darkening,
    report: Callable[[str], None] = console.warn,
) -> np.ndarray:
    """Return the mean luma of some rows' clips made darker, (N,) float64, 0..255, as `look_at` measures the plain ones.

    Raises:
        FailedWork: a clip cannot be read, or the bank cannot be written.
    """
    luma = frozen_alone(_LUMA)

    def before(frames: np.ndarray, row: int, positions: np.ndarray) -> np.ndarray:
        return darkening(frames, clips.table.at[row, "digest"], positions)

    frames = HostFrames(clips, _UNENHANCED, None, luma.last, before=before)
    bank = FeatureCache(cache, {**luma.about, "darkened": darkening.about()})
    inputs = CachedFeatures(clips.table, bank, frames, luma.engine, luma.unit, report, width=luma.extractor.features)
    positions = [_spread(length) for length in clips.table.loc[list(rows), "n_frames"]]
    wanted = list(zip(rows, positions, strict=True))
    missing = inputs.missing(wanted)
    if missing:
        with console.progress("reading darkened brightness", missing, rate=True) as progress:
            inputs.fill(wanted, progress.advance)
    return _mean_luma(inputs.each(rows, positions))


def _mean_luma(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.array([of_clip[:, 0].mean(dtype=np.float64) * 255 for of_clip in values])


def _wanted(clips: Clips, rows: Sequence[int]) -> list[tuple[int, np.ndarray]]:
    lengths = clips.table.loc[list(rows), "n_frames"].tolist()
    return [(row, _spread(length)) for row, length in zip(rows, lengths, strict=True)]


def _spread(length: int) -> np.ndarray:
    """Return up to 16 evenly spaced positions (T,), those that `background` picks of a whole clip."""
    return np.linspace(0, length - 1, min(_FRAMES, length)).round().astype(np.int64)


def _inputs(
    clips: Clips,
    cache: Path,
    report: Callable[[str], None],
    kept_in: Callable[..., FeatureCache | MemoryFeatureCache] = FeatureCache,
) -> tuple[CachedFeatures, CachedFeatures]:
    """Return backgrounds and brightness from the bank; filled in this order, a clip is decoded once for both."""
    luma, background = frozen_alone(_LUMA), frozen_alone(_BACKGROUND)
    # given the very frames that it would pick of a whole clip, it need not see the clip's others
    few = replace(background, unit=Unit.SAMPLE, about={**background.about, "unit": Unit.SAMPLE.value})
    decoded = HostFrames(clips, _UNENHANCED, None, few.last)
    extract = few.extractor.function
    assert extract is not None, "the background is a host function"
    seen: dict[int, dict[int, np.ndarray]] = {}

    def of_background(row: int, positions: np.ndarray) -> np.ndarray:
        frames = decoded(row, positions)
        seen[row] = dict(zip(positions.tolist(), luma.last(frames), strict=True))
        return extract(frames)

    def of_luma(row: int, positions: np.ndarray) -> np.ndarray:
        if row in seen:
            known = seen.pop(row)
            return np.stack([known[position] for position in positions.tolist()])
        return luma.last(decoded(row, positions))

    first, second = (
        CachedFeatures(
            clips.table, kept_in(cache, one.about), prepare, one.engine, one.unit, report, width=one.extractor.features
        )
        for one, prepare in ((few, of_background), (luma, of_luma))
    )
    return first, second
