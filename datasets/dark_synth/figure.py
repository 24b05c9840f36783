"""Drawing a person: rounded limbs, a trunk of rings and a head, the farthest first, in two tones each."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from darkhar_datasets.dark_synth.head import ONE, SHIFT, Head, fill
from darkhar_datasets.dark_synth.people import AXES, SIDES, TORSO, UP, Body
from darkhar_datasets.dark_synth.view import View

_ROUND = np.stack([np.cos(a := np.arange(10) * 2 * np.pi / 10), np.sin(a)], axis=1)
# Level along the trunk (0 pelvis, 1 neck), half width and half depth in body heights (the first by the hips, the
# last two by the shoulders).
_RINGS = ((-0.1, 0.028, 0.058), (0.12, 0.03, 0.062), (0.45, 0.078, 0.052), (0.8, -0.006, 0.062), (1.0, 0.012, 0.036))
_TONES = ((0.72, 1.0), (0.88, 0.78), (1.0, 0.52))  # brightness, and the share of the width that has it
# From, to, radius at each end in body heights, and how much nearer it counts than it is, metres.
_LIMBS = {
    "thigh": ("hip", "knee", 0.052, 0.036, -0.06),
    "shin": ("knee", "ankle", 0.036, 0.023, -0.05),
    "foot": ("ankle", "toe", 0.024, 0.017, -0.04),
    "upper_arm": ("shoulder", "elbow", 0.031, 0.024, 0.04),
    "forearm": ("elbow", "wrist", 0.024, 0.017, 0.06),
    "hand": ("wrist", "hand", 0.019, 0.017, 0.07),
}


@dataclass
class Limb:
    """A tapered limb over the clip: its ends (T, 3) in pixels and depth, radii (T,) in pixels, and its colour."""

    a: np.ndarray
    b: np.ndarray
    radius_a: np.ndarray
    radius_b: np.ndarray
    colour: np.ndarray
    order: np.ndarray

    def draw(self, frame: np.ndarray, i: int, lit: float) -> None:
        """Draw it dark, and lighter parts of it towards the light (-1 left, 1 right)."""
        a, b, ra, rb = self.a[i, :2], self.b[i, :2], self.radius_a[i], self.radius_b[i]
        for tone, share in _TONES if max(ra, rb) > 2.5 else _TONES[::2]:
            turned = share * _ROUND + (1 - share) * np.array([0.75 * lit, -0.22])
            fill(frame, np.concatenate((a + ra * turned, b + rb * turned)), self.colour * tone)


class Figure:
    """One person through one clip, projected; `draw` puts frame i of it into a picture."""

    def __init__(self, body: Body, points: dict[str, np.ndarray], view: View, lit: float):
        self.body, self.points, self.view, self.lit = body, points, view, lit
        self.seen = {name: view.project(place) for name, place in points.items() if name not in AXES}
        self.scale = view.focal / self.seen["pelvis"][:, 2]  # pixels per metre
        self.parts = [limb for side in SIDES for limb in self._limbs(side)] + [self._neck(), *self._long_hair()]
        self.rings, self.head = self._rings(), Head(body, points, view)

    def _limb(self, a: np.ndarray, b: np.ndarray, radii: tuple[float, float], colour: tuple, nearer: float) -> Limb:
        wide = self.body.height * self.body.girth * self.scale
        order = (a[:, 2] + b[:, 2]) / 2 - nearer
        return Limb(a, b, radii[0] * wide, radii[1] * wide, np.array(colour, float), order)

    def _limbs(self, side: str) -> list[Limb]:
        """Return a side's limbs; where cloth ends within one, it is two."""
        body, found = self.body, []
        for name, (start, end, ra, rb, nearer) in _LIMBS.items():
            a, b = self.seen[f"{side}_{start}"], self.seen[f"{side}_{end}"]
            bare, cloth, covered = body.skin, body.shirt, 0.0
            if name in ("thigh", "shin"):
                cloth, covered = body.trousers, 2 * body.shorts - (name == "shin")
            elif name == "foot":
                cloth, covered = body.shoes, 1.0
            elif name in ("upper_arm", "forearm"):
                covered = 2 * body.sleeves - (name == "forearm")
            covered = float(np.clip(covered, 0, 1))
            whole = self._limb(a, b, (0.92 * ra, rb), bare, nearer)
            if covered < 1:
                found.append(whole)
            if covered > 0:
                part = self._limb(a, a + covered * (b - a), (ra, ra + covered * (rb - ra)), cloth, nearer)
                found.append(replace(part, order=whole.order - 0.001))
        return found

    def _neck(self) -> Limb:
        return self._limb(self.seen["neck"], self.seen["head"], (0.034, 0.03), self.body.skin, -0.01)

    def _long_hair(self) -> list[Limb]:
        if not self.body.hair:
            return []
        p, h = self.points, self.body.height
        top = p["head"] - 0.025 * h * p["face"]
        end = top - self.body.hair * 0.13 * h * UP - 0.03 * h * p["face"]
        a, b = (self.view.project(point) for point in (top, end))
        return [self._limb(a, b, (0.052, 0.045), self.body.hair_colour, 0.0)]

    def _rings(self) -> np.ndarray:
        """Return the outline points (T, rings, 10, 3) of the trunk."""
        p, body, found = self.points, self.body, []
        h = body.height
        for level, wide, deep in _RINGS:
            up = np.clip(level, 0, 1)
            left = (1 - up) * p["pelvis_left"] + up * p["chest_left"]
            front = np.cross(left, p["trunk"])
            base = body.hips if level < 0.3 else body.shoulders if level > 0.7 else 0.0
            a, b = (base + wide * body.girth) * h, deep * body.girth * h
            round_ = a * left[:, None] * _ROUND[None, :, :1] + b * front[:, None] * _ROUND[None, :, 1:]
            found.append((p["pelvis"] + level * TORSO * h * p["trunk"])[:, None] + round_)
        return self.view.project(np.stack(found, axis=1))

    def draw(self, frame: np.ndarray, i: int) -> None:
        """Draw frame i of the person, the farthest part first."""
        steps = [(limb.order[i], lambda limb=limb: limb.draw(frame, i, self.lit)) for limb in self.parts]
        middle = self.rings[i, :, :, 2].mean()
        steps += [(middle, lambda: self._trunk(frame, i))]
        steps += [(self.seen["head"][i, 2] - 0.06, lambda: self.head.draw(frame, i, self.lit))]
        for _, paint in sorted(steps, key=lambda one: -one[0]):
            paint()

    def _trunk(self, frame: np.ndarray, i: int) -> None:
        rings = self.rings[i, :, :, :2]
        shirt, trousers = np.array(self.body.shirt, float), np.array(self.body.trousers, float)
        for tone, share in _TONES:
            centre = rings.mean(axis=1, keepdims=True)
            inner = centre + share * (rings - centre)
            inner[:, :, 0] += self.lit * (1 - share) * 0.5 * np.ptp(rings[:, :, 0], axis=1, keepdims=True)
            for k, colour in ((0, trousers), (1, shirt), (2, shirt), (3, shirt)):
                fill(frame, inner[k : k + 2].reshape(-1, 2), colour * tone)
        if self.body.stripes:
            self._stripes(frame, i, shirt * (1 - self.body.stripes))

    def _stripes(self, frame: np.ndarray, i: int, colour: np.ndarray) -> None:
        """Draw lines around the near side of the chest."""
        for level in np.linspace(1.3, 3.7, 5):
            k, part = int(level), level % 1
            ring = (1 - part) * self.rings[i, k] + part * self.rings[i, k + 1]
            near = ring[ring[:, 2] <= ring[:, 2].mean()]
            near = near[np.argsort(near[:, 0])][:, :2]
            line = np.round(near * ONE).astype(np.int32)
            cv2.polylines(frame, [line], False, colour.tolist(), 2, cv2.LINE_AA, SHIFT)
