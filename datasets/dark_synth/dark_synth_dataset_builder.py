"""Synthetic people doing six actions in dark places, drawn on this machine.

A group is a scene, an actor and a camera; every group shows every action, so that a scene says nothing about the
action, and no group is in two splits. Same seed, same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from darkhar_datasets.dark_synth import manifest
from darkhar_datasets.dark_synth.actions import ACTIONS
from darkhar_datasets.dark_synth.film import LIGHTS, Clip, render

from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder, Source


@dataclass(frozen=True)
class Size:
    """How many groups each split has, clips of each action per group, frames per clip (least, most), and variety.

    Small sets vary less in distance, direction and camera, for a handful of clips to say something of them.
    """

    train_groups: int
    test_groups: int
    takes: int
    frames: tuple[int, int]
    variety: float


SIZES = {
    "tiny": Size(3, 1, 1, (33, 40), 0.0),
    "small": Size(10, 2, 1, (33, 75), 0.0),
    "medium": Size(60, 30, 1, (33, 75), 0.3),
    "full": Size(80, 20, 4, (33, 105), 1.0),
}


class Builder(ClipBuilder):
    """TFDS builder of `dark_synth`.

    Args:
        config: `tiny` (24 clips), `small` (72), `medium` (540, a third of them to test) or `full` (2,400).
        light: `dark`, `bright` for the same clips by day, or `both`: twice as many clips, twins in one group.
        regime: the dark camera: `arid`, like real dark clips, or `raw`, noisy.
        seed: same seed, same bytes.
    """

    VERSION = tfds.core.Version("3.0.0")  # another drawing is another version
    DRAWN = True

    def __init__(
        self, *, config: str = "small", light: str = "dark", regime: str = "arid", seed: int = 0, **kwargs: Any
    ):
        self.size, self.regime, self.seed = SIZES[config], regime, seed
        self.lights = LIGHTS if light == "both" else (light,)
        super().__init__(**kwargs)

    @property
    def like_real(self) -> bool:
        """Whether the dark clips claim to match real ones."""
        return self.regime == "arid" and "dark" in self.lights

    def classes(self) -> list[str]:
        """Return the six actions."""
        return list(ACTIONS)

    def clips(self) -> Iterator[tuple[str, Clip]]:
        """Yield every clip but for its light, with its split; darkness is spread evenly over all of them."""
        size = self.size
        count = (size.train_groups + size.test_groups) * len(ACTIONS) * size.takes
        order = np.random.default_rng([self.seed, 1 << 20])  # no group's generator
        levels = iter((order.permutation(count) + order.uniform(size=count)) / count)
        for group in range(size.train_groups + size.test_groups):
            split = TRAIN if group < size.train_groups else self.HELD_OUT
            for action in ACTIONS:
                for take in range(size.takes):
                    level = float(next(levels))
                    what = (self.seed, group, action, take, size.frames, self.regime, level, size.variety)
                    yield split, Clip(*what)

    def sources(self) -> list[Source]:
        """Return every clip of the training groups, then of the test groups; twins are side by side."""
        found = []
        for split, clip in self.clips():
            for light in self.lights:
                about = {"group": f"scene_{clip.group}", "twin": clip.twin, "light": light}
                found.append(
                    Source(_name(split, clip, light), split, clip.action, partial(render, clip, light), **about)
                )
        return found

    def write_beside(self, folder: Path) -> None:
        """Write the manifest: every parameter of every clip, and its true key points."""
        named = ((clip, {light: _name(split, clip, light) for light in self.lights}) for split, clip in self.clips())
        manifest.write(folder, named)


def _name(split: str, clip: Clip, light: str) -> str:
    return f"{split}/{clip.action}/{clip.action}_{clip.group}_{clip.take}_{light}.mp4"
