"""LIME: frames divided by a smooth map of their illumination."""

from typing import Any

import numpy as np
from keras import ops

from darkhar_cli.registry import register

_PENALTY, _GROWS = 1.0, 2.0  # of the first step, and by how much from step to step
_DARKEST = 1e-3  # of the map


def lime_on_host(frames: np.ndarray, alpha: float = 0.1, gamma: float = 0.7, steps: int = 10) -> np.ndarray:
    """Return what `lime` does as float32 (N, H, W, 3), of uint8 or float frames, frame by frame."""
    out = frames.astype(np.float32)
    for i in range(len(out)):
        out[i] = _divided(np, out[i], _refined_on_host(out[i].max(axis=-1) / np.float32(255.0), alpha, steps), gamma)
    return out


@register("enhance", "lime", host=lime_on_host)
def lime(frames: Any, alpha: float = 0.1, gamma: float = 0.7, steps: int = 10) -> Any:
    """Return `v / T ** gamma` of frames (N, H, W, 3) float32 0..255, T (0..1) their smoothed illumination.

    T minimises `|T - T0|^2 + alpha sum(W |grad T|)` with `T0 = max over channels` and `W = 1 / (|grad T0| + 1)`, by
    augmented Lagrangian steps in the Fourier domain whose penalty doubles. Source: Guo, Li and Ling, LIME: low-light
    image enhancement via illumination map estimation, IEEE TIP 2017 (alpha 0.15, gamma 0.8); the defaults are those
    of ARID's code (github.com/xuyu0010/ARID_v1).
    """
    first = ops.max(frames, axis=-1) / 255.0
    return _divided(ops, frames, _refined(first, alpha, steps), gamma)


def _divided(xp: Any, frames: Any, illumination: Any, gamma: float) -> Any:
    gain = xp.maximum(illumination, _DARKEST)[..., None] ** -gamma
    return xp.clip(frames * gain, 0.0, 255.0)


def _refined(first: Any, alpha: float, steps: int) -> Any:
    """Return the illumination (N, H, W) of first estimates (N, H, W)."""
    height, width = ops.shape(first)[1:]
    waves = _waves(ops, height)[:, None] + _waves(ops, width)[None, :]
    limit = [alpha / (ops.abs(part) + 1.0) for part in _gradient(ops, first)]
    zero = ops.zeros_like(first)

    def step(_: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        _, right, down, right_left, down_left, penalty = state
        wanted = 2.0 * first + penalty * _against(ops, right - right_left / penalty, down - down_left / penalty)
        real, imaginary = ops.fft2((wanted, zero))
        below = 2.0 + penalty * waves
        found = ops.ifft2((real / below, imaginary / below))[0]
        (right, down), (right_left, down_left) = _split(ops, found, (right_left, down_left), limit, penalty)
        return found, right, down, right_left, down_left, penalty * _GROWS

    found = ops.fori_loop(0, steps, step, (first, zero, zero, zero, zero, ops.convert_to_tensor(_PENALTY, "float32")))
    flat = ops.max(first, axis=(1, 2), keepdims=True) - ops.min(first, axis=(1, 2), keepdims=True) == 0.0
    return ops.where(flat, first, found[0])


def _refined_on_host(first: np.ndarray, alpha: float, steps: int) -> np.ndarray:
    """Return the illumination (H, W) of a first estimate (H, W)."""
    if np.ptp(first) == 0:
        return first
    waves = _waves(np, first.shape[0])[:, None] + _waves(np, first.shape[1])[None, :]
    limit = [alpha / (np.abs(part) + np.float32(1.0)) for part in _gradient(np, first)]
    split, left = (np.zeros_like(first),) * 2, (np.zeros_like(first),) * 2
    found, penalty = first, np.float32(_PENALTY)
    for _ in range(steps):
        wanted = 2 * first + penalty * _against(
            np, *(part - rest / penalty for part, rest in zip(split, left, strict=True))
        )
        found = np.fft.ifft2(np.fft.fft2(wanted) / (2 + penalty * waves)).real.astype(np.float32)
        split, left = _split(np, found, left, limit, penalty)
        penalty *= np.float32(_GROWS)
    return found


def _split(xp: Any, found: Any, left: Any, limit: Any, penalty: Any) -> tuple[Any, Any]:
    """Return the shrunk gradients, and the multipliers that pull them and the map's own together."""
    parts, rests = [], []
    for part, rest, most in zip(_gradient(xp, found), left, limit, strict=True):
        value = part + rest / penalty
        shrunk = xp.sign(value) * xp.maximum(xp.abs(value) - most / penalty, 0.0)
        parts.append(shrunk)
        rests.append(rest + penalty * (part - shrunk))
    return tuple(parts), tuple(rests)


def _gradient(xp: Any, image: Any) -> tuple[Any, Any]:
    """Return differences to the right and downwards, around the edges."""
    return xp.roll(image, -1, axis=-1) - image, xp.roll(image, -1, axis=-2) - image


def _against(xp: Any, right: Any, down: Any) -> Any:
    """Return the gradient's adjoint."""
    return xp.roll(right, 1, axis=-1) - right + xp.roll(down, 1, axis=-2) - down


def _waves(xp: Any, size: Any) -> Any:
    """Return what a difference makes of the waves of a side, squared: |exp(2 pi i k / size) - 1|^2."""
    angle = xp.arange(size, dtype="float32") * np.float32(2.0 * np.pi) / size
    return 2.0 - 2.0 * xp.cos(angle)
