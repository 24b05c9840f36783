"""Six actions as motions: how one person does one of them in one clip.

Gait follows the curves of hip and knee over the cycle in Winter (1991), rounded; jumps are ballistic; standing up is
sitting down backwards.
"""

from typing import Any

import numpy as np
from darkhar_datasets.dark_synth.people import Motion, ahead

ACTIONS = ("jump", "run", "sit", "stand", "turn", "walk")
FPS = 30
_GRAVITY = 9.81
_FACING = -np.pi / 2  # the camera


def step(t: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return 0 before `start`, 1 after `end`, and a soft step between (Perlin's, of fifth degree)."""
    s = np.clip((t - start) / (end - start), 0, 1)
    return s**3 * (s * (6 * s - 15) + 10)


def bump(t: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a soft bump of height 1."""
    return np.exp(-(((t - centre) / width) ** 2))


def cycle(phase: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Return a soft bump in each cycle, phase and centre in cycles."""
    away = (phase - centre + 0.5) % 1.0 - 0.5
    return np.exp(-((away / width) ** 2))


def draw_heading(action: str, variety: float, rng: np.random.Generator) -> float:
    """Draw which way a person looks, or walks: half from the side, and with more variety any way."""
    side = rng.choice([-1, 1])
    if action in ("walk", "run"):
        return float((0 if side > 0 else np.pi) + rng.uniform(-1, 1) * (0.35 + 1.2 * variety))
    return float(_FACING + side * (1.0 + rng.uniform(-1, 1) * (0.4 + 0.6 * variety)))


def draw_action(action: str, n_frames: int, variety: float, rng: np.random.Generator) -> dict[str, Any]:
    """Draw how one person does one action: its parameters, by name; `variety` 0..1 is how much directions differ."""
    seconds = n_frames / FPS
    about = {"heading": draw_heading(action, variety, rng), "side": int(rng.choice([-1, 1])), "pace": rng.uniform()}
    about |= {"vigour": rng.uniform(0.85, 1.2), "phase": rng.uniform(), "sway": rng.uniform(0.006, 0.025)}
    about |= {"bow": rng.uniform(0.35, 0.75), "arms": rng.uniform(0.7, 1.3), "knees": rng.uniform(0.8, 1.2)}
    about["begin"] = rng.uniform(0.0, 0.15 + 0.15 * variety)  # these two in shares of the clip
    about["length"] = min(rng.uniform(0.5, 0.75), 0.97 - about["begin"])
    about["ramp"] = float(rng.choice([0.0, 0.0, 0.0, 1.0, -1.0]))  # gait starts up, or slows down
    about["gaze"], about["stance"] = rng.normal(0, 0.25), rng.uniform(0.02, 0.1)
    if action in ("walk", "run"):
        rate, stride = ((0.72, 1.1), (0.5, 0.92)) if action == "walk" else ((1.1, 1.5), (0.6, 1.1))
        about["rate"] = rng.uniform(*rate)  # strides per second
        about["stride"] = rng.uniform(*stride)  # two steps, in body heights
    if action == "turn":
        about["turned"] = about["side"] * rng.uniform(0.55, 1.15) * np.pi
        about["heading"] += rng.choice([0.0, np.pi]) * (rng.uniform() < variety)
    if action == "jump":
        about["flight"] = rng.uniform(0.36, 0.52)  # seconds in the air
        about["again"] = rng.uniform(0.55, 0.9)  # seconds from landing to the next take-off
        spare = max(0.0, seconds - about["flight"] - 0.62)
        about["take_off"] = 0.4 + rng.uniform(0, min(spare, 0.8))
        about["forward"] = float(rng.choice([0.0, 0.0, rng.uniform(0.1, 0.35)]))  # metres a jump
    return about


def perform(action: str, about: dict[str, Any], n_frames: int, height: float) -> Motion:
    """Return the motion of an action drawn by `draw_action`, of a body of this height, around the place (0, 0)."""
    t = np.arange(n_frames) / FPS
    how = {"jump": _jump, "run": _gait, "sit": _sit, "stand": _stand, "turn": _turn, "walk": _gait}[action]
    motion = how(t, about, height) if action != "run" else _gait(t, about, height, running=True)
    motion.lean = motion.lean + about["sway"] * np.sin(2.1 * t + 6 * about["phase"])
    motion.roll = motion.roll + about["sway"] * np.sin(1.3 * t + 9 * about["phase"])
    motion.gaze = motion.gaze + about["gaze"] + 0.1 * np.sin(1.1 * t + 4 * about["phase"])
    return motion


def speed(about: dict[str, Any], height: float) -> float:
    """Return the speed of a walk or run, metres per second."""
    return about["rate"] * about["stride"] * height


def _gait(t: np.ndarray, about: dict[str, Any], height: float, running: bool = False) -> Motion:
    """Walk, or run: elbows bent, trunk forward, and both feet off the floor twice a stride."""
    ramp = np.ones_like(t)
    if about["ramp"]:
        s = step(t, 0.0, 0.8) if about["ramp"] > 0 else 1 - step(t, t[-1] - 0.8, t[-1])
        ramp = 0.3 + 0.7 * s
    gone = np.cumsum(ramp) / FPS
    gone -= gone[len(gone) // 2]
    phase = about["phase"] + about["rate"] * gone
    both = np.stack([phase, phase + 0.5], axis=1)  # heel strikes at 0
    wide = np.sqrt(ramp)[:, None]
    swing = wide * np.arcsin(min(0.95, about["stride"] / (4 * 0.47))) * (1.15 if running else 1.0)
    wave = np.cos(2 * np.pi * both)
    centre = 0.28 if running else 0.12
    hip = centre * wide + swing * wave
    if running:
        knee = 0.3 + 0.3 * cycle(both, 0.12, 0.1) + wide * about["knees"] * 1.55 * cycle(both, 0.64, 0.17)
    else:
        knee = 0.08 + 0.24 * cycle(both, 0.13, 0.08) + wide * about["knees"] * 0.95 * cycle(both, 0.71, 0.12)
    reach = about["arms"] * (0.75 if running else 0.42) * wide
    elbow = (1.55 if running else 0.3) + 0.25 * -wave * wide
    bounce = 0.0
    if running:
        bounce = 0.06 * about["vigour"] * ramp * np.maximum(0, np.sin(4 * np.pi * (phase - 0.18))) ** 0.8
    return Motion(
        place=ahead(np.full_like(t, about["heading"]))[:, :2] * (speed(about, height) * gone)[:, None],
        heading=np.full_like(t, about["heading"]),
        hip=hip,
        knee=knee,
        shoulder=-reach * wave + (0.05 if running else 0.0),
        elbow=elbow,
        spread=np.full((1, 2), 0.16 if running else 0.1),
        stance=np.full((1, 2), 0.02),
        lean=(0.22 if running else 0.05) * ramp * about["vigour"],
        twist=-(0.22 if running else 0.14) * wave[:, 0] * wide[:, 0],
        lift=bounce * np.ones_like(t),
        planted=np.zeros(1),
    )


def _jump(t: np.ndarray, about: dict[str, Any], height: float) -> Motion:
    """Crouch, take off with the arms thrown up, fly, land in a crouch; again while there is time."""
    flight, crouch, arms = about["flight"], np.zeros_like(t), np.zeros_like(t)
    lift, tuck, gone = np.zeros_like(t), np.zeros_like(t), np.zeros_like(t)
    at = about["take_off"]
    while at < t[-1]:
        in_air = np.clip(t - at, 0, flight)
        lift += _GRAVITY / 2 * in_air * (flight - in_air)
        gone += about["forward"] * in_air / flight
        crouch += bump(t, at - 0.15, 0.12) + 0.75 * bump(t, at + flight + 0.11, 0.1)
        arms += step(t, at - 0.12, at + 0.12) - step(t, at + 0.6 * flight, at + flight + 0.2)
        arms -= 0.3 * bump(t, at - 0.2, 0.11)
        tuck += bump(t, at + flight / 2, flight / 4)
        at += flight + about["again"]
    bend = (0.85 * about["knees"] * crouch + 0.25 * tuck)[:, None] * np.ones(2)
    along = ahead(np.full_like(t, about["heading"]))[:, :2]
    return Motion(
        place=along * (gone - gone.mean())[:, None],
        heading=np.full_like(t, about["heading"]),
        hip=bend,
        knee=0.06 + 1.75 * bend,
        shoulder=0.04 + (2.3 * about["arms"] * arms)[:, None] * np.ones(2),
        elbow=0.25 + 0.5 * np.abs(arms)[:, None] * np.ones(2),
        spread=0.12 + 0.15 * np.abs(arms)[:, None] * np.ones(2),
        stance=np.full((1, 2), about["stance"]),
        lean=0.6 * about["bow"] * crouch + 0.03,
        lift=lift,
    )


def _sit(t: np.ndarray, about: dict[str, Any], height: float) -> Motion:
    """Bend forward, sink back and down until the thighs lie level, straighten up."""
    end = t[-1] + 1 / FPS
    start = about["begin"] * end
    s = step(t, start, start + about["length"] * end)
    bow = about["bow"] * np.sin(np.pi * s) ** 1.3
    on_knees = (step(t, start, start + about["length"] * end) * (0.12 + 0.12 * about["arms"]) + 0.5 * bow)[:, None]
    return Motion(
        place=np.zeros((len(t), 2)),
        heading=about["heading"] + 0.05 * about["side"] * s,
        hip=1.47 * s[:, None] * np.array([1.0, 0.97]),
        knee=0.06 + (1.5 * s + 0.25 * np.sin(np.pi * s))[:, None] * np.array([1.0, 0.95]),
        shoulder=0.04 + on_knees * np.array([1.0, 0.9]),
        elbow=0.22 + (0.45 * s * about["arms"])[:, None] * np.array([1.0, 1.15]),
        stance=about["stance"] + 0.07 * s[:, None] * np.ones(2),
        lean=0.02 + bow + 0.06 * s * about["vigour"],
        nod=0.25 * np.sin(np.pi * s),
    )


def _stand(t: np.ndarray, about: dict[str, Any], height: float) -> Motion:
    return _sit(t, about, height).reversed()


def _turn(t: np.ndarray, about: dict[str, Any], height: float) -> Motion:
    """Turn on the spot with small steps, the head first."""
    end = t[-1] + 1 / FPS
    start, stop = about["begin"] * end, (about["begin"] + about["length"]) * end
    s, early = step(t, start, stop), step(t, start - 0.15, stop - 0.15)
    shoulders = step(t, start - 0.07, stop - 0.07)
    going = np.sin(np.pi * s) ** 0.7
    paces = np.sin(2 * np.pi * (1.3 + 0.5 * about["pace"]) * t + 6 * about["phase"])
    raised = np.maximum(0, np.stack([paces, -paces], axis=1)) * going[:, None]
    sway = 0.03 * about["vigour"] * going * np.sin(np.pi * (1.3 + 0.5 * about["pace"]) * t)
    return Motion(
        place=np.stack([sway, 0.5 * sway], axis=1),
        heading=about["heading"] + about["turned"] * s,
        hip=0.42 * about["vigour"] * raised,
        knee=0.06 + 0.85 * about["vigour"] * raised,
        shoulder=0.04 + 0.25 * about["arms"] * raised[:, ::-1],
        elbow=0.25 + 0.3 * raised[:, ::-1],
        spread=0.12 + 0.12 * going[:, None] * np.ones(2),
        stance=np.full((1, 2), about["stance"]),
        twist=about["turned"] * (shoulders - s),
        gaze=about["turned"] * (early - s),
        lean=np.full_like(t, 0.03),
        planted=np.zeros(1),
    )
