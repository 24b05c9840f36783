"""A clip, its timeline, and the draws of every augmentation."""

import numpy as np

from darkhar_cli.augment.contract import Draw
from darkhar_cli.config import schema

NAMES = sorted(schema.options("augment"))
_rng = np.random.default_rng(7)
CLIP = _rng.uniform(0, 255, (5, 18, 24, 3)).astype(np.float32)
TIMELINE = _rng.normal(size=(17, 3)).astype(np.float32)


def draws_of(name, count=12):
    return [Draw(3, epoch, f"augment/{name}/clip") for epoch in range(count)]
