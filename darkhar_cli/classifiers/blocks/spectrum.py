"""The spectrum of a movement over a clip: how strong it swings, how fast, and how its power is shared out.

The frequencies are those of a 512-point transform at 30 steps a second between .4 and 6 Hz, slow sways to fast steps;
evaluated directly, so clips of any length and rate are measured at the same ones.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from keras import ops

from darkhar_cli.classifiers.blocks.normalisation import masked_sum, steps_of

_SPACING = 30 / 512  # Hz
_EDGES = (0.4, 0.9, 1.5, 2.1, 2.7, 3.6, 6.0)  # Hz, of the bands whose shares of the power are told
_FLOOR = 0.0101  # added to the whole power before its logarithm
_STILL = 1e-4  # added to the whole power where it divides: a still channel has no centroid and no shares
_ROUNDING = 1e-8  # powers under this are what float32 leaves of a trend
NAMES = (
    "power",
    "centroid",
    "peak",
    *(f"share_{low:g}_{high:g}" for low, high in pairwise(_EDGES)),
)


def frequencies(fps: float) -> np.ndarray:
    """Return the frequencies in Hz (float64) that steps `fps` times a second can show; they may be none."""
    every = np.arange(1, math.floor(_EDGES[-1] / _SPACING) + 1) * _SPACING
    return every[(every >= _EDGES[0]) & (every <= fps / 2)]


def detrended(x: Any, mask: Any) -> Any:
    """Return x (B, T, C) without its least-squares parabola over the steps of mask (B, T), zero in padding."""
    steps, t = steps_of(mask), ops.arange(ops.shape(x)[1], dtype="float32")[None, :, None]
    at = 2 * t / ops.maximum(steps - 1, 1.0) - 1  # -1..1 over the clip: its powers stay near each other in size
    curve = at * at - masked_sum(at * at, mask) / steps  # orthogonal to 1 and, by symmetry, to `at`
    basis = [ops.ones_like(at), at, curve]
    x = ops.where(mask[..., None], x, 0.0)
    for _ in range(2):  # the second time takes off what rounding left
        for one in basis:
            size = masked_sum(one * one, mask)  # 0: too few steps to curve
            share = masked_sum(x * one, mask) / ops.where(size > 1e-6, size, 1.0)
            x = x - ops.where(size > 1e-6, share, 0.0) * one
        x = ops.where(mask[..., None], x, 0.0)
    return x


def power(x: Any, mask: Any, fps: float) -> Any:
    """Return the power spectrum (B, C, frequencies) of x (B, T, C) over the steps of mask (B, T).

    |sum z_t exp(-2 pi i f t / fps)|^2 / n, z being x without its parabola under a Hann window over its n steps.
    """
    steps, t = steps_of(mask), ops.arange(ops.shape(x)[1], dtype="float32")
    hann = 0.5 - 0.5 * ops.cos(2 * math.pi * t[None, :, None] / ops.maximum(steps - 1, 1.0))
    z = (detrended(x, mask) * hann)[..., None]
    number = np.round(frequencies(fps) / _SPACING).astype(np.float32)
    cycles = t[:, None] * number * float(_SPACING / fps)
    angle = 2 * math.pi * (cycles - ops.floor(cycles))
    # Products and sums, not a matrix product: GPUs would round its factors to TF32.
    real = ops.sum(z * ops.cos(angle)[None, :, None, :], axis=1)
    imaginary = ops.sum(z * ops.sin(angle)[None, :, None, :], axis=1)
    return (real * real + imaginary * imaginary) / steps


def spectrum(x: Any, mask: Any, fps: float) -> Any:
    """Return nine numbers for each channel of x (B, T, C), (B, C, 9), see `NAMES`.

    log of the whole power; centroid and peak in Hz (of a still channel the lowest); shares of the power in six bands.
    """
    found, at = power(x, mask, fps), frequencies(fps).astype(np.float32)
    whole = ops.sum(found, axis=-1, keepdims=True)
    peak = ops.take(at, ops.argmax(ops.where(found > _ROUNDING, found, 0.0), axis=-1))[..., None]
    bands = [((at >= low) & (at < high)).astype(np.float32) for low, high in pairwise(_EDGES)]
    shares = [ops.sum(found * band, axis=-1, keepdims=True) / (whole + _STILL) for band in bands]
    centroid = ops.sum(found * at, axis=-1, keepdims=True) / (whole + _STILL)
    return ops.concatenate([ops.log(whole + _FLOOR), centroid, peak, *shares], axis=-1)
