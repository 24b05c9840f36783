"""One clip: what is drawn for it, its frames, its true key points, and its bytes.

Everything random comes from generators seeded with (seed, group) for the scene, the actor and the camera, and with
(seed, group, action, take) for what the clip alone has, so a clip can be made again without any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any

import cv2
import numpy as np
from darkhar_datasets.dark_synth.actions import ACTIONS, FPS, draw_action, draw_heading, perform
from darkhar_datasets.dark_synth.camera import DarkCamera
from darkhar_datasets.dark_synth.figure import Figure
from darkhar_datasets.dark_synth.head import ONE, SHIFT, fill
from darkhar_datasets.dark_synth.people import KEYPOINTS, Body, draw_body, joints, muted
from darkhar_datasets.dark_synth.scenes import Scene, draw_scene
from darkhar_datasets.dark_synth.view import HEIGHT, WIDTH, View, draw_view

from darkhar_cli.data.video import write_video

DRAWING = "3"  # of the drawing code: another drawing is another clip
LIGHTS = ("dark", "bright")
_TRIES = 80
_TALL = 12.0  # pixels that head or feet may be out of the picture


@dataclass(frozen=True)
class Clip:
    """What names a clip, but for its light: the same values give the same frames.

    Attributes:
        seed, group, action, take: which one it is.
        frames: least and most frames.
        regime: the dark camera's noise, `arid` or `raw`.
        level: how bright it is among all clips, a share 0..1.
        variety: how much distance, direction and the camera differ between clips, 0..1.
    """

    seed: int
    group: int
    action: str
    take: int
    frames: tuple[int, int]
    regime: str = "arid"
    level: float = 0.5
    variety: float = 1.0

    @property
    def twin(self) -> str:
        """Return the mark that the clip in the light and in the dark have in common."""
        drawn = (DRAWING, self.seed, self.group, self.action, self.take, *self.frames, self.variety)
        return sha256(repr(drawn).encode()).hexdigest()[:16]

    def rng(self, purpose: int) -> np.random.Generator:
        """Return a generator of the clip's own."""
        return np.random.default_rng([self.seed, self.group, ACTIONS.index(self.action), self.take, purpose])


@lru_cache(maxsize=4)
def setting(seed: int, group: int, variety: float = 1.0) -> tuple[Body, Scene]:
    """Return a group's actor and scene."""
    rng = np.random.default_rng([seed, group])
    view = draw_view(variety, rng)
    return draw_body(rng), draw_scene(rng, view, variety)


class Film:
    """A clip that can be shot: its parameters, its frames and its key points."""

    def __init__(self, clip: Clip):
        self.clip = clip
        self.body, self.scene = setting(clip.seed, clip.group, clip.variety)
        rng = clip.rng(0)
        self.n_frames = int(rng.integers(clip.frames[0], clip.frames[1] + 1))
        self.about = draw_action(clip.action, self.n_frames, clip.variety, rng)
        self.place = self._stand_somewhere(rng)
        self.stool = self._stool(rng)
        self.bit_rate = int(1000 * rng.uniform(1800, 4200))

    def _stand_somewhere(self, rng: np.random.Generator) -> np.ndarray:
        """Draw where the person is, x and y (2,), metres, so that all of the action is seen; else the best draw."""
        view, best, found = self.scene.view, np.inf, None
        variety, heading = self.clip.variety, self.about["heading"]
        for _ in range(_TRIES):
            if self.clip.action in ("walk", "run"):
                heading = draw_heading(self.clip.action, variety, rng)
            spread = np.array([0.2 + 0.8 * variety, 0.25 + 0.6 * variety])
            place = np.array([0.0, 3.2]) + spread * rng.uniform(-1, 1, 2)
            outside = self._outside(view, {**self.about, "heading": heading}, place)
            if outside < best:
                best, found = outside, (place, heading)
            if outside == 0:
                break
        self.about["heading"] = heading = found[1]
        return found[0]

    def _outside(self, view: View, about: dict[str, Any], place: np.ndarray) -> float:
        """Return by how much the person leaves the picture or the floor, 0 where all is well."""
        motion = perform(self.clip.action, about, self.n_frames, self.body.height)
        path = motion.place[:: max(1, self.n_frames // 12)] + place
        path = np.concatenate([path, motion.place[-1:] + place])
        top = self.body.height + (0.3 if self.clip.action == "jump" else 0.0)
        feet, head = (view.project(np.column_stack([path, np.full(len(path), z)])) for z in (0.0, top))
        spots = (feet[:, 0] - WIDTH / 2, feet[:, 1] - HEIGHT, -head[:, 1])
        beyond = [np.maximum(0, np.abs(spots[0]) - (WIDTH / 2 - 22)), *(np.maximum(0, s - _TALL) for s in spots[1:])]
        near_far = np.maximum(0, 2.3 - path[:, 1]) + np.maximum(0, path[:, 1] - self.scene.deepest)
        return float(sum(part.sum() for part in beyond) + 100 * near_far.sum())

    def _stool(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw a stool: under whoever sits, anywhere else in other clips, so that it is no cue to the action."""
        points, body = self.points, self.body
        low = int(points["pelvis"][:, 2].argmin())
        if self.clip.action in ("sit", "stand"):
            place = points["pelvis"][low, :2] + 0.04 * points["forward"][low, :2]
            height = points["pelvis"][low, 2] - 0.055 * body.height * body.girth
        else:
            height = rng.uniform(0.4, 0.5)
            path = points["pelvis"][:, :2]
            for _ in range(_TRIES):
                place = np.array([rng.uniform(-1.6, 1.6), rng.uniform(2.6, 4.8)])
                if np.linalg.norm(path - place, axis=1).min() > 0.75:
                    break
        stool = {"x": float(place[0]), "y": float(place[1]), "height": float(height), "colour": muted(rng, 30, 120)}
        return stool | {"width": rng.uniform(0.34, 0.46), "turned": rng.uniform(0, np.pi / 2)}

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """Return the joints in the world; see `people.joints`."""
        motion = perform(self.clip.action, self.about, self.n_frames, self.body.height)
        motion.place = motion.place + self.place
        return joints(self.body, motion)

    def keypoints(self) -> np.ndarray:
        """Return the true key points (T, 17, 3) float32: row and column in pixels, and COCO's visibility.

        0 is out of the picture, 1 is behind the head (a face turned away), 2 is the rest.
        """
        p, view = self.points, self.scene.view
        seen = view.project(np.stack([p[name] for name in KEYPOINTS], axis=1))
        column, row = seen[..., 0], seen[..., 1]
        visible = np.full(row.shape, 2.0)
        middle = view.project(p["head"])[:, 2]
        visible[:, :5][seen[:, :5, 2] > middle[:, None] + 0.005] = 1
        visible[(column < 0) | (column >= WIDTH) | (row < 0) | (row >= HEIGHT)] = 0
        return np.stack([row, column, visible], axis=-1).astype(np.float32)

    def frames(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the frames (H, W, 3) uint8 sRGB by day, and where the person is, (H, W) bool."""
        lit = 1.0 if sum(lamp.column - WIDTH / 2 for lamp in self.scene.lamps) > 0 else -1.0
        figure = Figure(self.body, self.points, self.scene.view, lit)
        empty = self.scene.picture.astype(np.uint8)
        shade(empty, self.scene.view, np.array([self.stool["x"], self.stool["y"]]), 0.3)
        stool = self._stool_parts()
        for i in range(self.n_frames):
            frame = empty.copy()
            feet = (self.points["left_ankle"][i, :2] + self.points["right_ankle"][i, :2]) / 2
            shade(frame, self.scene.view, feet, 0.36)
            knees = (self.points["left_knee"][i, 1] + self.points["right_knee"][i, 1]) / 2
            behind = self.stool["y"] > knees - 0.12
            if behind:
                self._draw_stool(frame, stool)
            before = frame.copy()
            figure.draw(frame, i)
            person = cv2.cvtColor(cv2.absdiff(frame, before), cv2.COLOR_RGB2GRAY) > 8
            if not behind:
                self._draw_stool(frame, stool)
            yield frame, person

    def _stool_parts(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the stool's surfaces as points (N, 2) and colours, the farthest first."""
        s, view = self.stool, self.scene.view
        turns, half = s["turned"] + np.arange(4) * np.pi / 2, s["width"] / 2**0.5
        corners = np.column_stack([s["x"] + half * np.cos(turns), s["y"] + half * np.sin(turns)])
        heights = (s["height"], s["height"] - 0.05)
        top, under = (view.project(np.column_stack([corners, np.full(4, z)]))[:, :2] for z in heights)
        colour = np.array(s["colour"], float)
        parts = []
        for k in np.argsort(-corners[:, 1]):
            foot = view.project(np.array([*corners[k], 0.0]))[:2]
            wide = np.array([[-1.2, 0.0], [1.2, 0.0]])
            parts.append((np.concatenate([under[k] + wide, foot + wide]), colour * 0.55))
        return [*parts, (np.concatenate([top, under]), colour * 0.7), (top, colour)]

    def _draw_stool(self, frame: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
        for points, colour in parts:
            fill(frame, points, colour)

    def camera(self) -> DarkCamera:
        """Return the dark camera of this clip, with its own light and noise."""
        return DarkCamera(self.scene, self.clip.regime, self.clip.level, self.clip.rng(1))

    def shoot(self, light: str) -> bytes:
        """Return the clip as H.264: the same clip gives the same bytes."""
        frames: Any = (frame for frame, _ in self.frames())
        if light == "dark":
            camera = self.camera()
            frames = (camera.shoot(*drawn, i / self.n_frames) for i, drawn in enumerate(self.frames()))
        return write_video(frames, FPS, bit_rate=self.bit_rate)


def shade(frame: np.ndarray, view: View, place: np.ndarray, radius: float) -> None:
    """Darken the floor softly around a place (x, y), metres."""
    turns = np.arange(12) * np.pi / 6
    ring = np.column_stack([place[0] + radius * np.cos(turns), place[1] + radius * np.sin(turns), np.zeros(12)])
    points = view.project(ring)[:, :2]
    (left, top), (right, bottom) = np.floor(points.min(axis=0)) - 6, np.ceil(points.max(axis=0)) + 6
    left, top = (int(np.clip(v, 0, end)) for v, end in ((left, WIDTH), (top, HEIGHT)))
    right, bottom = (int(np.clip(v, 0, end)) for v, end in ((right, WIDTH), (bottom, HEIGHT)))
    if right - left < 2 or bottom - top < 2:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(mask, np.round((points - [left, top]) * ONE).astype(np.int32), 120, cv2.LINE_AA, SHIFT)
    mask = cv2.GaussianBlur(mask, (0, 0), 2.5)
    part = frame[top:bottom, left:right]
    part[:] = cv2.multiply(part, cv2.merge([255 - mask] * 3), scale=1 / 255)


def render(clip: Clip, light: str) -> bytes:
    """Return one clip as H.264 bytes: the same arguments give the same bytes."""
    return Film(clip).shoot(light)
