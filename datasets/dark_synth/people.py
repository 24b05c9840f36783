"""Articulated people: joint angles over time for six actions, and the joints they put in space.

Lengths are in body heights, angles in radians, times in seconds. Body axes: forward, left, up.
"""

from dataclasses import dataclass

import numpy as np

ACTIONS = ("jump", "run", "sit", "stand", "turn", "walk")
SHIN, THIGH, TORSO, NECK, HEAD = 0.245, 0.245, 0.29, 0.13, 0.065
UPPER_ARM, FOREARM, SHOULDERS, HIPS, FOOT = 0.17, 0.16, 0.105, 0.065, 0.09


@dataclass
class Pose:
    """One frame's posture: angles of lean, legs and arms (left, right), heading, and where the feet stand."""

    lean: float = 0.03
    hip: tuple[float, float] = (0.0, 0.0)
    knee: tuple[float, float] = (0.0, 0.0)
    shoulder: tuple[float, float] = (0.0, 0.0)
    elbow: tuple[float, float] = (0.15, 0.15)
    spread: float = 0.12
    lift: float = 0.0
    heading: float = 0.0
    travel: float = 0.0
    seat: float = 0.0


def smooth(t: float, start: float, end: float) -> float:
    """Return 0 before `start`, 1 after `end`, and a soft step between."""
    s = float(np.clip((t - start) / max(end - start, 1e-6), 0, 1))
    return s * s * (3 - 2 * s)


class Actor:
    """How one person does one action in one clip: drawn once, then asked for a pose at each time."""

    def __init__(self, action: str, duration: float, rng: np.random.Generator):
        self.action, self.duration = action, duration
        self.side = rng.choice([-1.0, 1.0])
        self.phase = rng.uniform(0, 2 * np.pi)
        self.pace = rng.uniform(0.0, 1.0)
        self.start = rng.uniform(0.1, 0.35) * duration
        self.length = rng.uniform(0.45, 0.65) * duration
        self.vigour = rng.uniform(0.85, 1.15)
        turned = rng.uniform(-0.45, 0.45)
        if action in ("walk", "run"):
            self.heading = (0.0 if self.side > 0 else np.pi) + turned
        else:
            self.heading = rng.choice([0.0, np.pi]) + self.side * rng.uniform(0.1, 0.8)
        self.sway = rng.uniform(0.005, 0.02)

    def pose(self, t: float) -> Pose:
        """Return the posture at time t of the clip."""
        pose = getattr(self, f"_{self.action}")(t)
        pose.lean += self.sway * np.sin(2.1 * t + self.phase)
        return pose

    def _gait(self, t: float, rate: float, swing: float, bend: float, arm: float, elbow: float, lean: float) -> Pose:
        a = 2 * np.pi * rate * t + self.phase
        left, right = np.sin(a), np.sin(a + np.pi)
        flex = [bend * max(0.0, np.cos(x)) ** 1.5 + 0.08 for x in (a, a + np.pi)]
        return Pose(
            lean=lean,
            hip=(swing * left + 0.25 * flex[0], swing * right + 0.25 * flex[1]),
            knee=(flex[0], flex[1]),
            shoulder=(-arm * left, -arm * right),
            elbow=(elbow, elbow),
            heading=self.heading,
        )

    def _walk(self, t: float) -> Pose:
        pose = self._gait(t, 0.75 + 0.25 * self.pace, 0.42 * self.vigour, 0.75, 0.4, 0.25, 0.04)
        pose.travel = (0.45 + 0.35 * self.pace) * (t - self.duration / 2)
        return pose

    def _run(self, t: float) -> Pose:
        rate = 1.25 + 0.3 * self.pace
        pose = self._gait(t, rate, 0.72 * self.vigour, 1.7, 0.75, 1.5, 0.22)
        pose.travel = (0.7 + 0.5 * self.pace) * (t - self.duration / 2)
        pose.lift = 0.04 * abs(np.sin(2 * np.pi * rate * t + self.phase))
        return pose

    def _jump(self, t: float) -> Pose:
        period = 0.85 + 0.35 * self.pace
        u = ((t + self.phase) % period) / period
        crouch = np.exp(-(((u - 0.2) / 0.11) ** 2)) + 0.7 * np.exp(-(((u - 0.88) / 0.08) ** 2))
        flight = float(np.clip((u - 0.32) / 0.46, 0, 1))
        lift = 0.26 * self.vigour * 4 * flight * (1 - flight)
        up = smooth(u, 0.2, 0.4) - smooth(u, 0.6, 0.85)
        arm = -0.6 * crouch + 2.5 * self.vigour * up
        return Pose(
            lean=0.45 * crouch + 0.03,
            hip=(0.75 * crouch, 0.75 * crouch),
            knee=(1.35 * crouch, 1.35 * crouch),
            shoulder=(arm, arm),
            elbow=(0.2, 0.2),
            lift=lift,
            heading=self.heading,
        )

    def _seated(self, s: float) -> Pose:
        bow = 0.6 * np.sin(np.pi * s)
        return Pose(
            lean=0.03 + bow + 0.05 * s,
            hip=(1.5 * s, 1.45 * s),
            knee=(1.5 * s, 1.42 * s),
            shoulder=(0.55 * s + 0.4 * bow, 0.5 * s + 0.4 * bow),
            elbow=(0.15 + 0.7 * s, 0.15 + 0.7 * s),
            heading=self.heading,
            seat=s,
        )

    def _sit(self, t: float) -> Pose:
        return self._seated(smooth(t, self.start, self.start + self.length))

    def _stand(self, t: float) -> Pose:
        return self._sit(self.duration - t)

    def _turn(self, t: float) -> Pose:
        s = smooth(t, 0.6 * self.start, 0.6 * self.start + 1.2 * self.length)
        step = np.sin(2 * np.pi * 1.4 * t + self.phase) * np.sin(np.pi * s)
        return Pose(
            hip=(0.22 * max(0, step), 0.22 * max(0, -step)),
            knee=(0.45 * max(0, step), 0.45 * max(0, -step)),
            shoulder=(0.2 * step, -0.2 * step),
            spread=0.16,
            heading=self.heading + self.side * s * np.pi * (0.85 + 0.3 * self.pace),
        )


def joints(pose: Pose) -> dict[str, np.ndarray]:
    """Return the named joints of a posture in space, (forward across the ground, depth, up) from the feet's place."""
    forward = np.array([np.cos(pose.heading), np.sin(pose.heading), 0.0])
    left = np.array([-np.sin(pose.heading), np.cos(pose.heading), 0.0])
    up = np.array([0.0, 0.0, 1.0])

    def limb(angle: float, length: float, outward: float = 0.0) -> np.ndarray:
        direction = forward * np.sin(angle) - up * np.cos(angle) + left * outward
        return direction / np.linalg.norm(direction) * length

    trunk = forward * np.sin(pose.lean) + up * np.cos(pose.lean)
    out = {"pelvis": np.zeros(3)}
    out["neck"] = trunk * TORSO
    out["head"] = out["neck"] + (0.75 * trunk + 0.25 * up) * NECK + 0.02 * forward
    for sign, side, i in ((1, "left", 0), (-1, "right", 1)):
        out[f"{side}_hip"] = sign * HIPS * left
        out[f"{side}_knee"] = out[f"{side}_hip"] + limb(pose.hip[i], THIGH, sign * 0.04)
        out[f"{side}_ankle"] = out[f"{side}_knee"] + limb(pose.hip[i] - pose.knee[i], SHIN)
        out[f"{side}_toe"] = out[f"{side}_ankle"] + FOOT * forward - 0.02 * up
        out[f"{side}_shoulder"] = out["neck"] + sign * SHOULDERS * left
        out[f"{side}_elbow"] = out[f"{side}_shoulder"] + limb(pose.shoulder[i], UPPER_ARM, sign * pose.spread)
        bent = pose.shoulder[i] + pose.elbow[i]
        out[f"{side}_wrist"] = out[f"{side}_elbow"] + limb(bent, FOREARM, sign * pose.spread / 2)
    floor = min(out["left_toe"][2], out["right_toe"][2]) - 0.02
    place = up * (pose.lift - floor) + forward * pose.travel
    if pose.seat:  # the feet stay, the pelvis goes back and down
        ankle = (out["left_ankle"] + out["right_ankle"]) / 2
        place = place - pose.seat * (ankle * np.array([1.0, 1.0, 0.0]))
    return {name: point + place for name, point in out.items()}
