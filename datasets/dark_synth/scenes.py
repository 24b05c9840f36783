"""Places: rooms, streets and gardens, each a bright picture and the light of its lamps at night.

Surfaces are drawn in perspective from what the camera sees of the floor, with 1/f-like texture on all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from darkhar_datasets.dark_synth.people import muted
from darkhar_datasets.dark_synth.view import HEIGHT, WIDTH, View

KINDS = ("room", "street", "garden")


@dataclass(frozen=True)
class Lamp:
    """A local light: place and reach in pixels, power, warmth 0..1, and the radius it is seen with (0: it is not)."""

    column: float
    row: float
    reach: float
    power: float
    warmth: float
    seen: float


@dataclass(frozen=True)
class Scene:
    """A place before one camera.

    Attributes:
        kind: room, street or garden.
        view: the camera's.
        picture: by day, (H, W, 3) float32 sRGB 0..255.
        lamps: its lights at night.
        shade: the share of that light that reaches each pixel, (H, W) float32, 1 in the middle of its logarithms.
        deepest: how far away a person may stand, metres.
    """

    kind: str
    view: View
    picture: np.ndarray
    lamps: tuple[Lamp, ...]
    shade: np.ndarray
    deepest: float


def texture(rng: np.random.Generator, height: int, width: int, rough: float, first: int = 3) -> np.ndarray:
    """Return 1/f-like noise (height, width) float32 with mean 0 and standard deviation 1."""
    out = np.zeros((height, width), np.float32)
    for octave in range(5):
        cells = first * 2**octave
        coarse = rng.standard_normal((cells, cells * 4 // 3)).astype(np.float32)
        out += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * rough**octave
    return (out - out.mean()) / out.std()


def draw_scene(rng: np.random.Generator, view: View, variety: float = 1.0) -> Scene:
    """Draw a place for a camera; with less variety its surfaces are calmer and its lamps fewer."""
    kind = str(rng.choice(KINDS))
    deepest = float(rng.uniform(5.2, 6.5)) if kind == "room" else 8.0
    x, y = view.floor()
    floor = _FLOORS[kind](rng, x, y)
    wall, sky = _BACKS[kind](rng, view, deepest + 0.8)
    foot = view.project(np.array([0.0, deepest + 0.8, 0.0]))[1]
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None, None]
    picture = np.where(rows >= foot, floor, wall).astype(np.float32)
    calm = picture.mean(axis=(0, 1)) * 0.5 + 0.5 * picture.mean(axis=1, keepdims=True)
    picture = calm + (0.4 + 0.6 * variety) * (picture - calm)
    edge = np.exp(-(((rows - foot) / 7) ** 2))
    picture *= 1 - rng.uniform(0.1, 0.35) * edge
    picture *= 1 + 0.05 * texture(rng, HEIGHT, WIDTH, 0.6)[:, :, None]
    picture += rng.uniform(1.5, 3.5) * rng.standard_normal((HEIGHT, WIDTH, 1)).astype(np.float32)
    shade = np.exp(rng.uniform(0.5, 1.3) * texture(rng, HEIGHT, WIDTH, 0.45, first=2))
    shade *= 1 - 0.8 * np.where(rows[:, :, 0] >= foot, 0, sky)  # lamps do not light the sky
    return Scene(kind, view, np.clip(picture, 0, 255), _lamps(rng, kind, float(foot), variety), shade, deepest)


def night_light(scene: Scene, ambient: float) -> np.ndarray:
    """Return how much of the daylight each pixel gets at night, (H, W, 3) float32, by squares of the distance."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    out = np.full((HEIGHT, WIDTH, 3), ambient, np.float32)
    for lamp in scene.lamps:
        far = ((columns - lamp.column) ** 2 + (1.3 * (rows - lamp.row)) ** 2) / lamp.reach**2
        tint = np.array([1 + 0.35 * lamp.warmth, 1.0, 1 - 0.45 * lamp.warmth], np.float32)
        out += np.float32(lamp.power) / (1 + far)[:, :, None] * tint
    return out * scene.shade[:, :, None]


def glow(lamps: tuple[Lamp, ...]) -> np.ndarray:
    """Return what the lamps themselves add to the picture, (H, W, 3) float32 linear light, 0..1."""
    out = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for lamp in lamps:
        if lamp.seen:
            spot = np.zeros((HEIGHT, WIDTH), np.float32)
            cv2.circle(spot, (round(lamp.column), round(lamp.row)), max(1, round(lamp.seen)), 1.0, -1, cv2.LINE_AA)
            spot += 0.25 * cv2.GaussianBlur(spot, (0, 0), 3 * lamp.seen)
            out += spot[:, :, None] * np.array([1.0, 0.9, 0.9 - 0.5 * lamp.warmth], np.float32)
    return np.minimum(out, 1)


def _lamps(rng: np.random.Generator, kind: str, foot: float, variety: float) -> tuple[Lamp, ...]:
    around = (rng.uniform(110, 210), rng.uniform(60, 150), rng.uniform(60, 120), 10 ** rng.uniform(0.8, 1.6))
    found = [Lamp(*map(float, around), float(rng.uniform(0, 1)), 0.0)]  # where people are there is some light
    for _ in range(int(rng.integers(0, 2 + round(2 * variety)))):
        column, row = rng.uniform(-20, WIDTH + 20), rng.uniform(-60, foot - 40)
        seen = float(rng.uniform(1.0, 3.5)) if kind != "room" and row > 0 else 0.0
        reach, power = rng.uniform(15, 80), 10 ** rng.uniform(0.3, 1.8)
        found.append(Lamp(float(column), float(row), float(reach), float(power), float(rng.uniform(0, 1)), seen))
    return tuple(found)


def _mapped(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, cell: float, rough: float) -> np.ndarray:
    """Return texture laid on the floor, `cell` metres to a coarse cell, fading where it is too far to resolve."""
    patch = texture(rng, 256, 256, rough, first=8)
    columns, rows = (np.mod(v / cell * 32, 255).astype(np.float32) for v in (x, y))
    laid = cv2.remap(patch, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return laid * np.clip(6 / np.maximum(np.abs(y), 1e-3), 0, 1)


def _room_floor(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Planks or tiles."""
    colour = np.array(muted(rng, 35, 110, 0.35), np.float32)
    far = np.clip(4 / np.maximum(y, 1), 0, 1)
    width, length = (rng.uniform(0.12, 0.25), 1.4) if rng.uniform() < 0.5 else (rng.uniform(0.3, 0.6),) * 2
    columns, rows = np.floor(x / width), np.floor(y / length)
    tone = 0.08 * np.sin(columns * 12.9898 + rows * 78.233)
    joint = (np.mod(x, width) < 0.02) | (np.mod(y, length) < 0.02)
    return colour * (1 + far * (tone - 0.18 * joint) + 0.05 * _mapped(rng, x, y, 0.8, 0.7))[:, :, None]


def _street_floor(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Asphalt with a painted line, and a pavement behind a kerb."""
    asphalt = np.array(muted(rng, 40, 90, 0.15), np.float32)
    kerb, line = rng.uniform(4.5, 7.0), rng.uniform(2.6, 4.2)
    tone = 1 + 0.1 * _mapped(rng, x, y, 0.5, 0.85)
    painted = (np.abs(y - line) < 0.05) & (np.mod(x + rng.uniform(0, 4), 2.5) < 1.6)
    tone = np.where(painted, tone * 1.7, tone)
    tone = np.where(y > kerb, tone * rng.uniform(1.1, 1.5), tone)
    return asphalt * np.where(np.abs(y - kerb) < 0.07, 0.65, tone)[:, :, None]


def _garden_floor(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Grass, or gravel."""
    grass = rng.uniform() < 0.6
    colour = np.array([55, 75, 40] if grass else [88, 80, 70], np.float32) * rng.uniform(0.7, 1.25)
    tone = 1 + 0.12 * _mapped(rng, x, y, 0.4, 0.9) + 0.06 * _mapped(rng, x, y, 2.5, 0.6)
    return colour * tone[:, :, None]


def _box(picture: np.ndarray, x: float, y: float, w: float, h: float, colour: tuple, frame: tuple | None) -> None:
    corners = (round(x), round(y)), (round(x + w), round(y + h))
    cv2.rectangle(picture, *corners, [float(v) for v in colour], -1)
    if frame is not None:
        cv2.rectangle(picture, *corners, [float(v) for v in frame], 2)


def _room_back(rng: np.random.Generator, view: View, away: float) -> tuple[np.ndarray, np.ndarray]:
    """A wall, plain or in panels, with a door, pictures or a shelf."""
    colour = np.array(muted(rng, 45, 115, 0.3), np.float32)
    picture = np.broadcast_to(colour, (HEIGHT, WIDTH, 3)).copy()
    if rng.uniform() < 0.4:
        pitch = rng.uniform(7, 16)
        picture *= 1 + 0.07 * np.sign(np.sin(np.arange(WIDTH, dtype=np.float32) * 2 * np.pi / pitch))[None, :, None]
    foot, metre = view.project(np.array([0.0, away, 0.0]))[1], view.focal / away
    for _ in range(int(rng.integers(2, 5))):
        w, h = rng.uniform(0.4, 1.2) * metre, rng.uniform(0.4, 1.0) * metre
        x, base = rng.uniform(-10, WIDTH), rng.choice([0.0, 1.1])  # on the floor, or on the wall
        h = h * 2.0 if base == 0 else h
        _box(picture, x, foot - base * metre - h, w, h, muted(rng, 30, 130), muted(rng, 20, 90))
    cv2.rectangle(picture, (0, round(foot - 0.1 * metre)), (WIDTH, round(foot)), (colour * 0.7).tolist(), -1)
    return picture, np.zeros((HEIGHT, WIDTH), np.float32)


def _street_back(rng: np.random.Generator, view: View, away: float) -> tuple[np.ndarray, np.ndarray]:
    """Facades with windows under the sky."""
    rows = np.linspace(1, 0.7, HEIGHT, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(np.array(muted(rng, 90, 170, 0.4), np.float32) * rows, (HEIGHT, WIDTH, 3)).copy()
    foot, metre, x = view.project(np.array([0.0, away, 0.0]))[1], view.focal / (away + 3), -20.0
    sky = np.ones((HEIGHT, WIDTH), np.float32)
    while x < WIDTH:
        w, h = rng.uniform(2, 5) * metre, rng.uniform(2.5, 7) * metre
        colour = np.array(muted(rng, 45, 120, 0.35))
        _box(picture, x, foot - h, w, h, tuple(colour), tuple(colour * 0.8))
        cv2.rectangle(sky, (round(x), round(foot - h)), (round(x + w), round(foot)), 0.0, -1)
        glass, step_x, step_y = muted(rng, 25, 100, 0.3), rng.uniform(0.7, 1.1) * metre, rng.uniform(0.9, 1.3) * metre
        for wx in np.arange(x + 0.3 * step_x, x + w - 0.6 * step_x, step_x):
            for wy in np.arange(foot - h + 0.3 * step_y, foot - 0.8 * step_y, step_y):
                _box(picture, wx, wy, 0.55 * step_x, 0.55 * step_y, glass, None)
        x += w + rng.choice([0.0, rng.uniform(0, 25)])
    return picture, sky


def _garden_back(rng: np.random.Generator, view: View, away: float) -> tuple[np.ndarray, np.ndarray]:
    """Trees and shrubs before the sky."""
    sky = np.array(muted(rng, 80, 170, 0.4), np.float32)
    leaves = np.array([48, 68, 36], np.float32) * rng.uniform(0.6, 1.3)
    rough = texture(rng, HEIGHT, WIDTH, 0.85)
    crown = texture(rng, HEIGHT, WIDTH, 0.55, first=2) + np.linspace(-1.2, 1.6, HEIGHT, dtype=np.float32)[:, None]
    dense = np.clip((crown + 0.25 * rough + 0.4) / 0.3, 0, 1)[:, :, None]
    picture = (dense * leaves * (1 + 0.3 * rough[:, :, None]) + (1 - dense) * sky).astype(np.float32)
    foot, metre = view.project(np.array([0.0, away, 0.0]))[1], view.focal / away
    for _ in range(int(rng.integers(1, 5))):
        x, w = rng.uniform(0, WIDTH), rng.uniform(0.15, 0.45) * metre
        bark = np.array(muted(rng, 35, 110, 0.3), float)
        points = [(x - w / 2, foot), (x + w / 2, foot), (x + 0.3 * w, -5), (x - 0.3 * w, -5)]
        cv2.fillConvexPoly(picture, np.round(points).astype(np.int32), bark.tolist(), cv2.LINE_AA)
    return picture, 1 - dense[:, :, 0]


_FLOORS: dict[str, Callable] = {"room": _room_floor, "street": _street_floor, "garden": _garden_floor}
_BACKS: dict[str, Callable] = {"room": _room_back, "street": _street_back, "garden": _garden_back}
