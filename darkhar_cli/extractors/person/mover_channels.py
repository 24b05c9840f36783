"""Named channels of the box around what moves, and how fast it swings at each moment; lengths in its height, y down."""

from itertools import pairwise

import numpy as np

from darkhar_cli.extractors.channels import Channel
from darkhar_cli.extractors.person.flow_channels import RATE
from darkhar_cli.extractors.person.mover import Mover

_BANDS = (0.4, 0.9, 1.5, 2.1, 2.7, 3.6, 6.0)  # Hz: edges, of steps, swings and jumps
_WINDOW = 2.5  # seconds
_POINTS = 512  # of the Fourier transform, at 30 frames per second
_FAINT, _SHARE = 0.0101, 1e-4  # powers that count as none, in the logarithm and in shares

BOX = (
    Channel("box_height"),
    Channel("box_width"),
    Channel("box_area_log"),
    Channel("centre_x", mirror_sign=-1.0),
    Channel("centre_y"),
    Channel("top_y"),
    Channel("bottom_y"),
)


def swing_channels(name: str) -> tuple[Channel, ...]:
    """Return the channels that `swings` gives of the channel `name`."""
    return tuple(Channel(f"{name}_{what}") for what in ("power_log", *(f"band_{i}" for i in range(len(_BANDS) - 1))))


def box_channels(mover: Mover) -> dict[str, np.ndarray]:
    """Return `BOX` by name, each (T,): sides in the clip's unit, places from their median, less the camera's motion."""
    left, top, right, bottom = mover.box.T
    unit = mover.unit
    height, width = np.maximum(bottom - top, 1e-3), np.maximum(right - left, 1e-3)

    def place(along: np.ndarray, axis: int) -> np.ndarray:
        still = (along - mover.camera[:, axis]) / unit
        return still - np.median(still)

    return {
        "box_height": height / unit,
        "box_width": width / unit,
        "box_area_log": np.log(height * width / unit**2),
        "centre_x": place((left + right) / 2, 0),
        "centre_y": place((top + bottom) / 2, 1),
        "top_y": place(top, 1),
        "bottom_y": place(bottom, 1),
    }


def swings(name: str, signal: np.ndarray, fps: float) -> dict[str, np.ndarray]:
    """Return how strongly a signal (T,) swings around each frame, and the shares of six bands of frequency, each (T,).

    Of a window around each frame, less its quadratic trend, under a Hann window; at a clip's ends the window stays
    inside, and a clip that is shorter is its own window.
    """
    rate = fps or RATE
    frames = len(signal)
    width = min(frames, 2 * round(_WINDOW * rate / 2) + 1)
    start = np.clip(np.arange(frames) - width // 2, 0, frames - width)
    windows = np.lib.stride_tricks.sliding_window_view(signal, width)
    trend = np.linalg.qr(np.vander(np.linspace(-1, 1, width) if width > 1 else np.zeros(1), 3))[0]
    windows = windows - windows @ trend @ trend.T
    points = max(_POINTS, width) if rate == RATE else max(round(_POINTS * rate / RATE), width)
    power = np.abs(np.fft.rfft(windows * np.hanning(width + 2)[1:-1], points)) ** 2 / width * (RATE / rate)
    frequency = np.fft.rfftfreq(points, 1 / rate)
    bands = np.stack([power[:, (frequency >= a) & (frequency < b)].sum(axis=1) for a, b in pairwise(_BANDS)])
    total = bands.sum(axis=0)
    found = [np.log(total + _FAINT), *(bands / (total + _SHARE))]
    return {channel.name: of[start] for channel, of in zip(swing_channels(name), found, strict=True)}
