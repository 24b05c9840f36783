"""Keypoints of a body that is not there."""

import numpy as np

from darkhar_cli.extractors.person.keypoints import KEYPOINTS, opposite

SWAPPED = [KEYPOINTS.index(opposite(name)) for name in KEYPOINTS]


def walk_of(frames=40, seed=0):
    """Keypoints of a body that drifts and shakes, (T, 17, 3), in a frame 4/3 wide."""
    rng = np.random.default_rng(seed)
    stand = np.array([0.2, 0.18, 0.18, 0.19, 0.19, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.55, 0.55, 0.7, 0.7, 0.9, 0.9])
    points = np.empty((frames, 17, 3))
    points[:, :, 0] = 0.6 + 0.1 * rng.normal(size=17) + np.linspace(0, 0.2, frames)[:, None]
    points[:, :, 1] = stand + 0.05 * np.sin(np.arange(frames) / 4)[:, None]
    points[:, :, :2] += rng.normal(0, 0.02, (frames, 17, 2))
    points[:, :, 2] = rng.uniform(0, 0.9, (frames, 17))
    return points


def mirrored(points, width=4 / 3):
    return np.concatenate([width - points[:, SWAPPED, :1], points[:, SWAPPED, 1:]], axis=2)
