"""The dark camera: sRGB in, little light, a sensor's noise, sRGB out.

Steps and ranges follow the raw-noise model `variance = shot * x + read` on linear light x in 0..1 (Brooks et
al. 2019, google-research `unprocessing`), at the exposures and noise levels of real dark clips.
"""

import numpy as np

_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_STEPS = 1 << 14
_FIELDS = 6


class DarkCamera:
    """One clip's camera: exposure, lamp, drift, flicker, noise and black point are drawn once."""

    def __init__(self, height: int, width: int, rng: np.random.Generator):
        self.rng = rng
        self.exposure = rng.uniform(-7.0, -4.8)
        self.gain = self._lamp(height, width) * np.float32(2.0**self.exposure)
        self.drift = rng.uniform(-0.1, 0.1)
        self.flicker = rng.uniform(0.002, 0.01)
        self.shot, self.read = 10 ** rng.uniform(-6, -4.3), 10 ** rng.uniform(-8, -6.3)
        shape = (_FIELDS, height, width, 3)
        self.fields = rng.standard_normal(shape, dtype=np.float32)
        self.pattern = 0.5 * np.sqrt(self.read) * rng.standard_normal((height, width, 3), dtype=np.float32)
        black = rng.uniform(1, 4) / 255
        out = np.clip((np.arange(_STEPS) / (_STEPS - 1) * self._top()) ** (1 / 2.2) - black, 0, 1) / (1 - black)
        self.tone = np.round(255 * np.clip(out, 0, 1)).astype(np.uint8)

    def _lamp(self, height: int, width: int) -> np.ndarray:
        """Return a local light's gain (H, W, 1): 1 everywhere and up to 6 times that under the lamp."""
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        cy, cx = self.rng.uniform(-0.2, 0.7) * height, self.rng.uniform(0, 1) * width
        reach = self.rng.uniform(0.25, 0.6) * width
        glow = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * reach**2))
        return (0.7 + self.rng.uniform(0, 5) * glow)[:, :, None].astype(np.float32)

    def _top(self) -> float:
        return float(min(1.0, 1.3 * self.gain.max()))

    def shoot(self, frame: np.ndarray, t: float) -> np.ndarray:
        """Return the dark frame (H, W, 3) uint8 of a bright one, at time t in 0..1 of the clip."""
        steady = 2.0 ** (self.drift * t) * (1 + self.flicker * self.rng.standard_normal())
        light = _LINEAR[frame] * (self.gain * np.float32(steady))
        rows, columns = self.rng.integers(0, frame.shape[0]), self.rng.integers(0, frame.shape[1])
        field = np.roll(self.fields[self.rng.integers(_FIELDS)], (rows, columns), axis=(0, 1))
        light += field * np.sqrt(np.float32(self.shot) * light + np.float32(self.read)) + self.pattern
        index = np.clip(light * np.float32((_STEPS - 1) / self._top()), 0, _STEPS - 1).astype(np.int16)
        return self.tone[index]
