"""Clips of planted places: the same wall behind different actions, told apart by nothing but the wall."""

import cv2
import numpy as np

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.video import write_video


def wall(place: int) -> np.ndarray:
    """Return a place's wall (48, 64) float32, 8..70: boxes of its own."""
    rng = np.random.default_rng([7, place])
    drawn = np.full((48, 64), 25, np.float32)
    for _ in range(14):
        y, x, h, w = rng.integers((0, 0, 6, 6), (40, 54, 24, 30))
        drawn[y : y + h, x : x + w] = rng.uniform(8, 70)
    return drawn


def take(place: int | None, number: int, n: int = 12) -> bytes:
    """Return an encoded clip: a place's wall in a light of its own, a square that crosses it; black for no place."""
    if place is None:
        return write_video(np.full((n + number, 48, 64, 3), 0, np.uint8), 30)
    rng = np.random.default_rng([place, number])
    shade = wall(place) * rng.uniform(0.6, 1.2) * np.linspace(0.8, 1.2, 64)[:: rng.choice([-1, 1])]
    frames = np.repeat(np.clip(shade, 0, 255).astype(np.uint8)[None, :, :, None], n, axis=0).repeat(3, axis=3)
    frames += rng.integers(0, 3, frames.shape, dtype=np.uint8)
    for i, frame in enumerate(frames):
        cv2.rectangle(frame, (4 * i, 20), (4 * i + 8, 34), (90, 80, 60), -1)
    return write_video(frames, 30)


def write_scenes(root, named):
    """Write `<root>/<name>` (class/group_take.mp4) -> (place, number) and open the clips, grouped by file name."""
    for name, about in named.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(take(*about))
    request = {"name": "video_folder", "root": str(root), "labels": None, "group": r"([a-z]+\d+)_\d+\.mp4$"}
    return clip_dataset.open_clips({**request, "test": None, "data_dir": None, "on_error": "stop"})
