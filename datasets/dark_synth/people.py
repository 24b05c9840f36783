"""Articulated people: a body's proportions, the angles of its joints over time, and where that puts its joints.

Lengths are in metres (proportions in body heights, after Drillis & Contini 1966), angles in radians. The world is
right-handed: x across the picture to the right, y away from the camera, z up, the floor at 0; a person of heading 0
looks along x, of heading -pi/2 at the camera. Arrays run over a clip's T frames.
"""

from dataclasses import dataclass, field, fields

import numpy as np

SIDES = ("left", "right")
SHIN, THIGH, TORSO, NECK, HEAD = 0.246, 0.245, 0.288, 0.055, 0.066  # HEAD: half its height
UPPER_ARM, FOREARM, HAND, FOOT, ANKLE = 0.172, 0.152, 0.05, 0.105, 0.042
# COCO's order, as MoveNet gives it.
KEYPOINTS = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
KEYPOINTS += tuple(f"{s}_{p}" for p in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for s in SIDES)
AXES = ("forward", "pelvis_left", "chest_left", "trunk", "face", "crown")  # what `joints` gives besides places
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Body:
    """One actor's build and clothes.

    Attributes:
        height: metres.
        legs, arms: length relative to the usual.
        shoulders, hips: half widths between the joints, in body heights.
        girth: thickness relative to the usual.
        sleeves, shorts: share of the arm and of the leg that cloth covers, 0..1.
        hair: how far down the neck it reaches, 0..1.
        skin, shirt, trousers, shoes, hair_colour: sRGB 0..255.
        stripes: contrast of the shirt's stripes, 0 for a plain one.
    """

    height: float
    legs: float
    arms: float
    shoulders: float
    hips: float
    girth: float
    sleeves: float
    shorts: float
    hair: float
    stripes: float
    skin: tuple[int, int, int]
    shirt: tuple[int, int, int]
    trousers: tuple[int, int, int]
    shoes: tuple[int, int, int]
    hair_colour: tuple[int, int, int]


def muted(rng: np.random.Generator, low: float, high: float, saturation: float = 0.45) -> tuple[int, int, int]:
    """Draw a colour of everyday saturation between two grey levels."""
    colour = rng.uniform(low, high, 3)
    return tuple(int(v) for v in np.clip(colour.mean() + saturation * (colour - colour.mean()), 0, 255))


def draw_body(rng: np.random.Generator) -> Body:
    """Draw one actor."""
    tan = np.array([1.0, 0.79, 0.66]) * rng.uniform(115, 230)
    return Body(
        height=rng.uniform(1.52, 1.88),
        legs=rng.uniform(0.95, 1.05),
        arms=rng.uniform(0.95, 1.05),
        shoulders=rng.uniform(0.1, 0.122),
        hips=rng.uniform(0.05, 0.062),
        girth=rng.uniform(0.88, 1.2),
        sleeves=float(rng.choice([0.0, 0.3, 0.5, 1.0])),
        shorts=float(rng.choice([0.45, 1.0, 1.0])),
        hair=float(rng.choice([0.0, 0.0, 0.35, 1.0])),
        stripes=float(rng.choice([0.0, 0.0, rng.uniform(0.15, 0.4)])),
        skin=tuple(int(v) for v in tan),
        shirt=muted(rng, 95, 245, 0.6),
        trousers=muted(rng, 65, 220),
        shoes=muted(rng, 15, 230, 0.3),
        hair_colour=muted(rng, 12, 80, 0.15),
    )


def _pair(value: float) -> np.ndarray:
    return np.full((1, 2), value)


@dataclass
class Motion:
    """What the joints do: angles (T,), or (T, 2) for left and right, and the body's place on the floor (T, 2) metres.

    Attributes:
        hip, knee: flexion; shoulder: forward lift of the arm; elbow: flexion.
        spread: outward angle of the arms; stance: outward angle of the legs.
        lean: of the trunk forward; roll: to the left; twist: of the shoulders against the hips, to the left.
        heading: of the body; gaze: of the head against the body, to the left; nod: of the head, down.
        lift: of the lower foot above the floor, metres.
        place: of the pelvis; with `planted` 1, of the feet (T,).
    """

    place: np.ndarray
    heading: np.ndarray
    hip: np.ndarray = field(default_factory=lambda: _pair(0.0))
    knee: np.ndarray = field(default_factory=lambda: _pair(0.06))
    shoulder: np.ndarray = field(default_factory=lambda: _pair(0.04))
    elbow: np.ndarray = field(default_factory=lambda: _pair(0.22))
    spread: np.ndarray = field(default_factory=lambda: _pair(0.1))
    stance: np.ndarray = field(default_factory=lambda: _pair(0.05))
    lean: np.ndarray = field(default_factory=lambda: np.zeros(1))
    roll: np.ndarray = field(default_factory=lambda: np.zeros(1))
    twist: np.ndarray = field(default_factory=lambda: np.zeros(1))
    gaze: np.ndarray = field(default_factory=lambda: np.zeros(1))
    nod: np.ndarray = field(default_factory=lambda: np.zeros(1))
    lift: np.ndarray = field(default_factory=lambda: np.zeros(1))
    planted: np.ndarray = field(default_factory=lambda: np.ones(1))

    def __post_init__(self):
        count = len(self.place)
        for one in fields(self):
            value = np.asarray(getattr(self, one.name), float)
            setattr(self, one.name, np.broadcast_to(value, (count, *value.shape[1:])))

    def reversed(self) -> "Motion":
        """Return the same motion backwards in time."""
        return Motion(**{field.name: getattr(self, field.name)[::-1] for field in fields(self)})


def ahead(heading: np.ndarray) -> np.ndarray:
    """Return the unit vector (T, 3) a body of this heading (T,) looks along."""
    return np.stack([np.cos(heading), np.sin(heading), np.zeros_like(heading)], axis=-1)


def _limb(axes: tuple[np.ndarray, np.ndarray], angle: np.ndarray, outward: np.ndarray, length: float) -> np.ndarray:
    """Return the vector (T, 3) of a limb that hangs down, swung forward by `angle` and outward."""
    forward, side = axes
    swung = forward * np.sin(angle)[:, None] - UP * np.cos(angle)[:, None]
    return length * (swung * np.cos(outward)[:, None] + side * np.sin(outward)[:, None])


def joints(body: Body, motion: Motion) -> dict[str, np.ndarray]:
    """Return the places (T, 3), metres, of a body's joints, of its face's points and of the axes of its parts.

    Besides the 17 key points: pelvis, neck, head, <side>_hand and <side>_toe; and the unit vectors `AXES`.
    """
    h = body.height
    forward, chest = ahead(motion.heading), ahead(motion.heading + motion.twist)
    left, chest_left = (ahead(angle + np.pi / 2) for angle in (motion.heading, motion.heading + motion.twist))
    trunk = chest * np.sin(motion.lean)[:, None] + UP * np.cos(motion.lean)[:, None]
    trunk = trunk + left * np.sin(motion.roll)[:, None]
    trunk /= np.linalg.norm(trunk, axis=1, keepdims=True)
    out = {"pelvis": np.zeros_like(forward), "neck": trunk * TORSO * h}
    _add_head(out, body, motion, trunk)
    for i, side in enumerate(SIDES):
        sign = 1.0 - 2.0 * i
        hip, knee = motion.hip[:, i], motion.knee[:, i]
        outward = sign * motion.stance[:, i]
        out[f"{side}_hip"] = sign * body.hips * h * left
        out[f"{side}_knee"] = out[f"{side}_hip"] + _limb((forward, left), hip, outward, THIGH * h * body.legs)
        out[f"{side}_ankle"] = out[f"{side}_knee"] + _limb((forward, left), hip - knee, outward, SHIN * h * body.legs)
        tip = np.minimum(0.0, 0.7 * (hip - knee) + 0.1)[:, None]
        aside = forward + sign * 0.25 * left
        out[f"{side}_toe"] = out[f"{side}_ankle"] + h * (FOOT * (aside * np.cos(tip) + UP * np.sin(tip)) - 0.025 * UP)
        lift, bend, wide = motion.shoulder[:, i], motion.elbow[:, i], sign * motion.spread[:, i]
        arm = (chest, chest_left)
        out[f"{side}_shoulder"] = out["neck"] + sign * body.shoulders * h * chest_left - 0.012 * h * trunk
        out[f"{side}_elbow"] = out[f"{side}_shoulder"] + _limb(arm, lift, wide, UPPER_ARM * h * body.arms)
        reach = _limb(arm, lift + bend, -0.6 * wide, FOREARM * h * body.arms)
        out[f"{side}_wrist"] = out[f"{side}_elbow"] + reach
        out[f"{side}_hand"] = out[f"{side}_wrist"] + reach * HAND / FOREARM
    place = _place(out, body, motion)
    out = {name: points + place for name, points in out.items()}
    return out | {"forward": forward, "pelvis_left": left, "chest_left": chest_left, "trunk": trunk} | _faces(motion)


def _faces(motion: Motion) -> dict[str, np.ndarray]:
    """Return where the face looks (T, 3) and where the head's crown points (T, 3)."""
    straight = ahead(motion.heading + motion.gaze)
    down = (motion.nod + 0.45 * motion.lean)[:, None]
    face = straight * np.cos(down) - UP * np.sin(down)
    return {"face": face, "crown": straight * np.sin(down) + UP * np.cos(down)}


def _add_head(out: dict[str, np.ndarray], body: Body, motion: Motion, trunk: np.ndarray) -> None:
    """Add the head's centre and the five points of the face."""
    h, axes = body.height, _faces(motion)
    face, crown = axes["face"], axes["crown"]
    ear = np.cross(crown, face)
    out["head"] = out["neck"] + h * (NECK * trunk + 0.85 * HEAD * crown + 0.015 * face)
    out["nose"] = out["head"] + HEAD * h * (0.92 * face - 0.15 * crown)
    for side, sign in zip(SIDES, (1, -1), strict=True):
        out[f"{side}_eye"] = out["head"] + HEAD * h * (0.75 * face + 0.17 * crown + sign * 0.36 * ear)
        out[f"{side}_ear"] = out["head"] + HEAD * h * (0.05 * crown + sign * 0.74 * ear)


def _place(out: dict[str, np.ndarray], body: Body, motion: Motion) -> np.ndarray:
    """Return where the pelvis is (T, 3): the lower foot `lift` above the floor, the feet or the pelvis at `place`."""
    ankles = [out[f"{side}_ankle"] for side in SIDES]
    toes = [out[f"{side}_toe"] for side in SIDES]
    low = np.minimum.reduce([a[:, 2] - ANKLE * body.height for a in ankles] + [t[:, 2] - 0.012 for t in toes])
    feet = (ankles[0] + ankles[1])[:, :2] / 2 * motion.planted[:, None]
    return np.column_stack([motion.place - feet, motion.lift - low])
