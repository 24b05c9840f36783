"""The dark camera: sRGB by day in, little light, a sensor's noise, sRGB out.

Noise follows `variance = shot * x + read` on linear light x in 0..1 (Brooks et al. 2019, google-research
`unprocessing`). Regime `raw` takes that paper's range of noise; regime `arid` the little noise that real dark clips
have left after a phone's own denoising and black point. Exposure and contrast of the light are those that give the
mean luma and the share of dark pixels of the clip's level among real dark clips.
"""

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from darkhar_datasets.dark_synth.scenes import Scene, glow, night_light

REGIMES = ("arid", "raw")
# Mean luma of real dark clips and their share of pixels at or below luma 10 (least, tenth, half, nine tenths, most;
# measured on 246 clips of EE6222, of ARID).
_SHARES, _LUMA, _DARK = (0.0, 0.1, 0.5, 0.9, 1.0), (5.6, 9.3, 16.0, 31.0, 50.2), (0.11, 0.23, 0.39, 0.75, 0.99)
_APART = 0.15  # how far a clip's place in one of them may be from its place in the other
_CONTRAST = (0.4, 2.2)  # least and most: exponents of the light
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601
_DARK_BELOW = 10.5
_LOST = 0.2  # levels of mean luma that shadows, the person and the rounding of H.264's limited range take
_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_STEPS = 1 << 12
_FIELDS = 6


class DarkCamera:
    """One clip's light and camera: exposure, ambience, drift, flicker, noise and black point are drawn once."""

    def __init__(self, scene: Scene, regime: str, level: float, rng: np.random.Generator):
        self.rng, self.regime = rng, regime
        self.luma = float(np.exp(np.interp(level, _SHARES, np.log(_LUMA))))
        self.dark = float(np.interp(1 - level + rng.uniform(-_APART, _APART), _SHARES, _DARK))
        self.ambient = 10 ** rng.uniform(-1.2, 0.0)
        self.lamps, self.spot = 10 ** rng.uniform(-0.7, -0.1), 10 ** rng.uniform(0.0, 0.3)
        self.drift, self.flicker = rng.uniform(-0.1, 0.1), 10 ** rng.uniform(-2.5, -1.6)
        self.black = rng.uniform(2, 6) / 255
        self.shot, self.read, self.core = self._noise(regime)
        light = night_light(scene, self.ambient)
        self.emitted = glow(scene.lamps) * np.float32(self.lamps)
        self._emits = bool(self.emitted.any())
        self.contrast, self.exposure = self._meter(scene.picture, light)
        self.gain = light ** np.float32(self.contrast) * np.float32(2.0**self.exposure)
        self._shape = scene.picture.shape
        roots = np.arange(_STEPS, dtype=np.float32) / (_STEPS - 1)  # square roots of light: as fine as the eye's
        tone = self._tone(roots**2)
        self.table = np.round(255 * tone).astype(np.uint8)
        self.deviation = np.sqrt(self.shot * roots**2 + self.read)
        if self.core:
            self.deviation *= np.clip(255 * tone / self.core - 0.5, 0, 1)
        self.deviation = self.deviation.astype(np.float32)

    @cached_property
    def grain(self) -> tuple[np.ndarray, np.ndarray]:
        """Return fields of noise (n, H, W, 3) and the sensor's pattern (H, W, 3), drawn before any frame."""
        fields = self.rng.standard_normal((_FIELDS, *self._shape), dtype=np.float32)
        pattern = 0.5 * np.float32(np.sqrt(self.read)) * self.rng.standard_normal(self._shape, dtype=np.float32)
        return fields, pattern

    def _noise(self, regime: str) -> tuple[float, float, float]:
        """Return shot and read noise, and the luma where denoising lets half of it through (0: no denoising)."""
        if regime == "arid":
            return 10 ** self.rng.uniform(-4.5, -3.7), 10 ** self.rng.uniform(-8, -6), self.rng.uniform(12, 22)
        shot = self.rng.uniform(np.log(1e-4), np.log(1.2e-2))
        return float(np.exp(shot)), float(np.exp(2.18 * shot + 1.20 + self.rng.normal(0, 0.26))), 0.0

    def _tone(self, light: np.ndarray) -> np.ndarray:
        """Return display values 0..1 of linear light: gamma 2.2, then the black point."""
        return np.clip((np.clip(light, 0, 1) ** (1 / 2.2) - self.black) / (1 - self.black), 0, 1)

    def _meter(self, picture: np.ndarray, light: np.ndarray) -> tuple[float, float]:
        """Return contrast, and exposure in stops, that give the clip's dark pixels and its mean luma, by bisection."""
        day, light, night = _LINEAR[picture[::5, ::5].astype(np.uint8)], light[::5, ::5], self.emitted[::5, ::5]
        low, high = _CONTRAST
        for _ in range(7):
            middle = (low + high) / 2
            exposure, luma = self._expose(day * light ** np.float32(middle), night)
            low, high = (middle, high) if (luma < _DARK_BELOW).mean() < self.dark else (low, middle)
        return middle, exposure

    def _expose(self, day: np.ndarray, night: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the exposure, in stops, that gives the clip's mean luma, and the luma (H, W) that it gives."""
        low, high = -14.0, 3.0
        for _ in range(12):
            middle = (low + high) / 2
            luma = 255 * (self._tone(day * np.float32(2.0**middle) + night) @ _WEIGHTS)
            low, high = (middle, high) if luma.mean() < self.luma + _LOST else (low, middle)
        return middle, luma

    def about(self) -> dict[str, Any]:
        """Return the parameters by name."""
        names = (
            "luma",
            "dark",
            "exposure",
            "contrast",
            "ambient",
            "lamps",
            "spot",
            "drift",
            "flicker",
            "black",
            "shot",
            "read",
            "core",
        )
        return {name: float(getattr(self, name)) for name in names}

    def shoot(self, frame: np.ndarray, person: np.ndarray, t: float) -> np.ndarray:
        """Return the dark frame (H, W, 3) uint8 of a bright one, at time t in 0..1 of the clip.

        Where `person` (H, W) holds there is `spot` times the light: people are before walls, nearer to a lamp.
        """
        fields, pattern = self.grain
        steady = 2.0 ** (self.drift * t) * (1 + self.flicker * self.rng.standard_normal())
        light = cv2.LUT(frame, _LINEAR)
        light *= self.gain
        light *= np.float32(steady)
        light[person] *= np.float32(self.spot)
        if self._emits:
            light += self.emitted
        rows, columns = self.rng.integers(0, frame.shape[0]), self.rng.integers(0, frame.shape[1])
        field = np.roll(fields[self.rng.integers(_FIELDS)], (rows, columns), axis=(0, 1))
        field *= self.deviation.take(_index(light), mode="clip")
        light += field
        light += pattern
        return self.table.take(_index(light), mode="clip")


def _index(light: np.ndarray) -> np.ndarray:
    """Return the place of linear light (H, W, 3) in tables over its square root."""
    roots = np.maximum(light, 0)
    np.sqrt(roots, out=roots)
    roots *= np.float32(_STEPS - 1)
    roots += np.float32(0.5)
    return roots.astype(np.intp)  # what `take` would make of it
