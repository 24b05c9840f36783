"""Scenes and drawing: a textured place with furniture, and a person drawn into it as sRGB uint8."""

from dataclasses import dataclass

import cv2
import numpy as np

HEIGHT, WIDTH = 240, 320
FOCAL = 430.0
_SHIFT = 4  # OpenCV draws in 1/16 pixels


@dataclass
class Person:
    """Clothes and build of a group's actor: colours are sRGB 0..255."""

    skin: np.ndarray
    shirt: np.ndarray
    trousers: np.ndarray
    shoes: np.ndarray
    girth: float
    size: float


def draw_person(rng: np.random.Generator) -> Person:
    """Draw one actor's looks."""
    skin = np.array([1.0, 0.78, 0.62]) * rng.uniform(130, 230)
    shirt, trousers = muted(rng, 120, 240), muted(rng, 95, 210)
    return Person(skin, shirt, trousers, muted(rng, 15, 90), rng.uniform(0.85, 1.25), rng.uniform(0.9, 1.1))


def muted(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """Draw a colour (3,) of everyday saturation between two grey levels."""
    colour = rng.uniform(low, high, 3)
    return colour.mean() + 0.45 * (colour - colour.mean())


def texture(rng: np.random.Generator, height: int, width: int, rough: float) -> np.ndarray:
    """Return 1/f-like noise (height, width) with mean 0 and standard deviation 1."""
    out = np.zeros((height, width), np.float32)
    for octave in range(5):
        cells = 3 * 2**octave
        coarse = rng.standard_normal((cells, cells * 4 // 3)).astype(np.float32)
        out += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * rough**octave
    return (out - out.mean()) / out.std()


def draw_scene(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Return a place (H, W, 3) float32 sRGB 0..255, and the row of its horizon."""
    horizon = rng.uniform(95, 130)
    wall, floor = muted(rng, 40, 100), muted(rng, 35, 95)
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None, None]
    scene = np.where(rows < horizon + rng.uniform(20, 45), wall, floor).astype(np.float32)
    scene = np.broadcast_to(scene, (HEIGHT, WIDTH, 3)).copy()
    scene += rng.uniform(4, 9) * texture(rng, HEIGHT, WIDTH, rng.uniform(0.5, 0.8))[:, :, None]
    for _ in range(rng.integers(1, 4)):  # furniture, doors, windows, posters
        x, y = rng.integers(0, WIDTH - 20), rng.integers(0, HEIGHT - 60)
        w, h = rng.integers(15, 80), rng.integers(20, 90)
        cv2.rectangle(scene, (int(x), int(y)), (int(x + w), int(y + h)), muted(rng, 25, 115).tolist(), -1)
        cv2.rectangle(scene, (int(x), int(y)), (int(x + w), int(y + h)), muted(rng, 10, 80).tolist(), 1)
    scene += rng.uniform(1, 3) * rng.standard_normal((HEIGHT, WIDTH, 1)).astype(np.float32)
    return np.clip(scene, 0, 255), float(horizon)


class Stage:
    """A scene seen by a camera, with a person to be drawn into it."""

    def __init__(self, scene: np.ndarray, horizon: float, person: Person, depth: float, shift: float):
        self.scene = scene.astype(np.uint8)
        self.horizon, self.person, self.depth, self.shift = horizon, person, depth, shift

    def project(self, point: np.ndarray) -> np.ndarray:
        """Return the pixel (x, y) of a point in body heights (across, depth, up); eyes are 0.9 high."""
        across, away, up = point * self.person.size
        scale = FOCAL / (self.depth + away)
        return np.array([WIDTH / 2 + self.shift + scale * across, self.horizon + scale * (0.9 - up)])

    def draw(self, joints: dict[str, np.ndarray]) -> np.ndarray:
        """Return one frame (H, W, 3) uint8 sRGB of the person with these joints."""
        frame = self.scene.copy()
        scale = FOCAL / self.depth * self.person.size
        self._shadow(frame, joints, scale)
        far = "left" if joints["left_shoulder"][1] > joints["right_shoulder"][1] else "right"
        near = "right" if far == "left" else "left"
        self._arm(frame, joints, far, scale, 0.75)
        self._leg(frame, joints, far, scale, 0.75)
        self._leg(frame, joints, near, scale, 1.0)
        self._trunk(frame, joints, scale)
        self._arm(frame, joints, near, scale, 1.0)
        return frame

    def _limb(self, frame: np.ndarray, a: np.ndarray, b: np.ndarray, width: float, colour: np.ndarray) -> None:
        p, q = ((self.project(x) * (1 << _SHIFT)).round().astype(int).tolist() for x in (a, b))
        thick = max(1, round(width * self.person.girth))
        cv2.line(frame, p, q, np.clip(colour, 0, 255).tolist(), thick, cv2.LINE_AA, _SHIFT)

    def _leg(self, frame: np.ndarray, j: dict[str, np.ndarray], side: str, scale: float, light: float) -> None:
        cloth = self.person.trousers * light
        self._limb(frame, j[f"{side}_hip"], j[f"{side}_knee"], 0.085 * scale, cloth)
        self._limb(frame, j[f"{side}_knee"], j[f"{side}_ankle"], 0.06 * scale, cloth)
        self._limb(frame, j[f"{side}_ankle"], j[f"{side}_toe"], 0.045 * scale, self.person.shoes * light)

    def _arm(self, frame: np.ndarray, j: dict[str, np.ndarray], side: str, scale: float, light: float) -> None:
        self._limb(frame, j[f"{side}_shoulder"], j[f"{side}_elbow"], 0.052 * scale, self.person.shirt * light * 0.9)
        self._limb(frame, j[f"{side}_elbow"], j[f"{side}_wrist"], 0.042 * scale, self.person.skin * light)

    def _trunk(self, frame: np.ndarray, j: dict[str, np.ndarray], scale: float) -> None:
        corners = [self.project(j[k]) for k in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
        hull = cv2.convexHull((np.array(corners) * (1 << _SHIFT)).round().astype(np.int32))
        cv2.fillConvexPoly(frame, hull, self.person.shirt.tolist(), cv2.LINE_AA, _SHIFT)
        self._limb(frame, j["pelvis"], j["neck"], 0.11 * scale, self.person.shirt)
        self._limb(frame, j["left_shoulder"], j["right_shoulder"], 0.06 * scale, self.person.shirt)
        self._limb(frame, j["neck"], j["head"], 0.05 * scale, self.person.skin)
        centre = (self.project(j["head"]) * (1 << _SHIFT)).round().astype(int).tolist()
        radius = round(0.065 * scale * (1 << _SHIFT))
        cv2.circle(frame, centre, radius, self.person.skin.tolist(), -1, cv2.LINE_AA, _SHIFT)
        hair = (self.person.shoes * 0.8).tolist()
        cv2.ellipse(frame, centre, (radius, radius), 0, 190, 350, hair, -1, cv2.LINE_AA, _SHIFT)

    def _shadow(self, frame: np.ndarray, j: dict[str, np.ndarray], scale: float) -> None:
        spot = (j["left_ankle"] + j["right_ankle"]) / 2 * np.array([1.0, 1.0, 0.0])
        x, y = self.project(spot)
        dark = frame.copy()
        size = (max(2, round(0.2 * scale)), max(1, round(0.045 * scale)))
        cv2.ellipse(dark, (round(x), round(y)), size, 0, 0, 360, (20, 20, 20), -1, cv2.LINE_AA)
        top, bottom = max(0, round(y) - size[1] - 1), min(HEIGHT, round(y) + size[1] + 2)
        if top < bottom:
            rows = slice(top, bottom)
            frame[rows] = cv2.addWeighted(frame[rows], 0.6, dark[rows], 0.4, 0)
