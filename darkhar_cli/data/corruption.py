"""Clips made darker and noisier than they are: to train against it, and to see what it costs in scoring."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtri

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.randomness import key_of
from darkhar_cli.registry import file_hash


@dataclass(frozen=True)
class Darkening:
    """How a clip is darkened before anything else is done with it: every level times `brightness`, plus noise.

    Both are drawn once for a clip, by its content; equal bounds leave nothing to draw.

    Attributes:
        brightness: bounds of the factor.
        noise: bounds of the noise's standard deviation in grey levels, Gaussian, new in every pixel and frame.
        seed: of the draws.
        copy: number of the darkened copy, where one clip has several.
    """

    brightness: tuple[float, float]
    noise: tuple[float, float]
    seed: int = 0
    copy: int = 0
    split: ClassVar[str] = "darkened"  # of the clips scored so

    def about(self, clips: Clips | None = None) -> dict[str, Any]:
        """Return what features of darkened clips depend on; other clips are no part of it."""
        known = {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}
        return {**known, "source": file_hash(Darkening)}

    def of_clip(self, digest: str) -> tuple[float, float]:
        """Return one clip's factor and noise, drawn by its content hash."""
        draws = [key_of(self.seed, self.copy, f"darken/{what}/{digest}") / 2**32 for what in ("brightness", "noise")]
        bounds = (self.brightness, self.noise)
        brightness, noise = (low + draw * (high - low) for (low, high), draw in zip(bounds, draws, strict=True))
        return brightness, noise

    def __call__(self, frames: np.ndarray, digest: str, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return frames (n, H, W, 3) uint8 of the clip with this content hash, at these positions, darkened, uint8."""
        factor, sigma = self.of_clip(digest)
        made = np.empty_like(frames)
        for frame, position, place in zip(frames, positions, made, strict=True):
            values = frame * np.float32(factor)
            if sigma:
                key = [key_of(self.seed, self.copy, digest), int(position)]
                values += np.float32(sigma) * _normal(np.random.Philox(key=key), frame.shape)
            np.clip(np.rint(values, out=values), 0, 255, out=values)
            place[...] = values
        return made

    def apply(self, clips: Clips, row: int, frames: np.ndarray, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return frames (n, H, W, 3) uint8 of a row's clip, at these positions, darkened, uint8."""
        return self(frames, clips.table.at[row, "digest"], positions)


@cache
def _quantiles() -> np.ndarray:
    """Return the standard normal distribution's quantiles at 65,536 even shares, float32."""
    return ndtri((np.arange(1 << 16) + 0.5) / (1 << 16)).astype(np.float32)


def _normal(bits: np.random.Philox, shape: tuple[int, ...]) -> np.ndarray:
    """Return standard normal numbers (`shape`) float32, by table: a tenth of the time of a generator's own."""
    count = int(np.prod(shape))
    drawn = bits.random_raw((count + 3) // 4).view(np.uint16)[:count]
    return _quantiles()[drawn].reshape(shape)
