"""Synthetic people doing six actions in dark places, drawn on this machine.

A group is a scene, an actor and a camera; every group shows every action, so that a scene says nothing about the
action, and no group stands in two splits. Same seed, same bytes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from darkhar_datasets.dark_synth.camera import DarkCamera
from darkhar_datasets.dark_synth.people import ACTIONS, Actor, joints
from darkhar_datasets.dark_synth.scenes import HEIGHT, WIDTH, Stage, draw_person, draw_scene

from darkhar_cli.builder import TRAIN, ClipBuilder, Source
from darkhar_cli.video import write_video

FPS = 30
_BIT_RATE = 2_500_000


@dataclass(frozen=True)
class Size:
    """How many groups each split has, clips of each action per group, and frames per clip (least, most)."""

    train_groups: int
    test_groups: int
    takes: int
    frames: tuple[int, int]


SIZES = {
    "tiny": Size(3, 1, 1, (33, 40)),
    "small": Size(10, 2, 1, (33, 90)),
    "full": Size(80, 20, 4, (33, 105)),
}


def render(seed: int, group: int, action: str, take: int, frames: tuple[int, int], light: str) -> bytes:
    """Return one clip as H.264 bytes: the same arguments give the same bytes."""
    place = np.random.default_rng([seed, group])
    scene, horizon = draw_scene(place)
    person = draw_person(place)
    rng = np.random.default_rng([seed, group, ACTIONS.index(action), take])
    count = int(rng.integers(frames[0], frames[1] + 1))
    actor = Actor(action, count / FPS, rng)
    stage = Stage(scene, horizon, person, depth=rng.uniform(2.7, 3.6), shift=rng.uniform(-35, 35))
    camera = DarkCamera(HEIGHT, WIDTH, rng)

    def shots() -> Any:
        for i in range(count):
            frame = stage.draw(joints(actor.pose(i / FPS)))
            yield frame if light == "bright" else camera.shoot(frame, i / count)

    return write_video(shots(), FPS, bit_rate=_BIT_RATE)


class Builder(ClipBuilder):
    """TFDS builder of `dark_synth`.

    Args:
        config: `tiny` (24 clips), `small` (72) or `full` (2,400).
        light: `dark`, or `bright` for the same clips before the light goes out.
        seed: same seed, same bytes.
    """

    DRAWN = True

    def __init__(self, *, config: str = "small", light: str = "dark", seed: int = 0, **kwargs: Any):
        self.size, self.light, self.seed = SIZES[config], light, seed
        super().__init__(**kwargs)

    def classes(self) -> list[str]:
        """Return the six actions."""
        return list(ACTIONS)

    def sources(self) -> list[Source]:
        """Return every clip of the training groups, then of the test groups."""
        size = self.size
        found = []
        for group in range(size.train_groups + size.test_groups):
            split = TRAIN if group < size.train_groups else self.HELD_OUT
            for action in ACTIONS:
                for take in range(size.takes):
                    load = partial(render, self.seed, group, action, take, size.frames, self.light)
                    name = f"{split}/{action}/{action}_{group}_{take}.mp4"
                    found.append(Source(name, split, action, load, group=f"scene_{group}"))
        return found
