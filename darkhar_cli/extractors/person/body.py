"""Named channels of a body's shape and place, from its keypoints; lengths in torso lengths, y down."""

import numpy as np

from darkhar_cli.extractors.channels import Channel
from darkhar_cli.extractors.person.keypoints import KEYPOINTS, opposite
from darkhar_cli.extractors.person.smoothing import without_trend
from darkhar_cli.extractors.person.tracking import Person

_SHAPE = (
    "centre_y",
    "torso_log",
    "size_log",
    "elbow_cos",
    "knee_cos",
    "hip_cos",
    "knee_cos_max",
    "head_height",
    "knee_drop",
    "ankle_drop",
    "wrist_drop",
    "wrist_spread",
    "ankle_spread",
    "shoulder_spread",
    "hip_spread",
    "extent_y",
    "extent_x",
    "lean",
    "foot_y",
    "head_y",
)
_IN_FRAME = ("left_ankle", "right_ankle", "left_knee", "right_knee", "left_wrist", "right_wrist")
_HEAD = slice(0, 5)  # nose, eyes, ears
_SIDES = {name: [KEYPOINTS.index(f"{side}_{name}") for side in ("left", "right")] for name in ("knee", "ankle")}
_JOINTS = {  # left and right: the joint in the middle, of which the angle is
    "elbow": ((5, 7, 9), (6, 8, 10)),
    "knee": ((11, 13, 15), (12, 14, 16)),
    "hip": ((5, 11, 13), (6, 12, 14)),
}
_TINY = 1e-9
_LEAST_LOG = 1e-3  # of the torso length

CHANNELS = (
    *(
        Channel(f"{name}_{axis}", f"{opposite(name)}_{axis}", -1.0 if axis == "x" else 1.0)
        for name in KEYPOINTS
        for axis in "xy"
    ),
    *map(Channel, _SHAPE),
    Channel("ankle_dx"),  # left less right: in a mirror both the sides and the sign of x change
    Channel("ankle_dy", mirror_sign=-1.0),
    Channel("wrist_dy", mirror_sign=-1.0),
    Channel("wrist_dx"),
    Channel("centre_x", mirror_sign=-1.0),
    Channel("shoulder_dx"),
    *(Channel(f"{name}_frame_y", f"{opposite(name)}_frame_y") for name in _IN_FRAME),
    Channel("hip_frame_y"),
    Channel("confidence"),
    Channel("centre_y_detrended"),
    Channel("head_y_detrended"),
)


def body_channels(person: Person) -> dict[str, np.ndarray]:
    """Return `CHANNELS` by name, each (T,).

    Angles are cosines: -1 for a straight limb. `centre` is half way from hips to shoulders; its place, the head's and
    the feet's are counted from their median over the clip.
    """
    points, hip, unit = person.smooth, person.hip, person.unit
    relative = (points - hip[:, None]) / unit
    found = {f"{name}_{axis}": relative[:, i, j] for i, name in enumerate(KEYPOINTS) for j, axis in enumerate("xy")}
    found |= _angles(points) | _heights(person) | _widths(points / unit)
    centre = (person.shoulder + hip)[:, 0] / 2 / unit
    spread = points - points.mean(axis=1, keepdims=True)
    size = np.sqrt((spread**2).sum(axis=2).mean(axis=1))
    found |= {
        "torso_log": np.log(np.maximum(person.torso / unit, _LEAST_LOG)),
        "size_log": np.log(size / unit + _LEAST_LOG),
        "lean": np.abs(person.shoulder - hip)[:, 0] / unit,
        "centre_x": centre - np.median(centre),
        "confidence": person.points[:, :, 2].mean(axis=1),
    }
    for name in _IN_FRAME:
        found[f"{name}_frame_y"] = points[:, KEYPOINTS.index(name), 1] / unit
    found["hip_frame_y"] = hip[:, 1] / unit
    found["centre_y_detrended"] = without_trend(found["centre_y"])
    found["head_y_detrended"] = without_trend(found["head_y"])
    return found


def _angles(points: np.ndarray) -> dict[str, np.ndarray]:
    cosines = {}
    for name, sides in _JOINTS.items():
        arms = [(points[:, a] - points[:, b], points[:, c] - points[:, b]) for a, b, c in sides]
        lengths = [np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1) for one, other in arms]
        cosines[name] = np.stack(
            [(one * other).sum(axis=1) / np.maximum(n, _TINY) for (one, other), n in zip(arms, lengths, strict=True)]
        )
    found = {f"{name}_cos": both.mean(axis=0) for name, both in cosines.items()}
    return found | {"knee_cos_max": cosines["knee"].max(axis=0)}


def _heights(person: Person) -> dict[str, np.ndarray]:
    """Return what is measured up and down."""
    y = person.smooth[:, :, 1] / person.unit
    hip, shoulder = person.hip[:, 1] / person.unit, person.shoulder[:, 1] / person.unit
    head, foot, centre = y[:, _HEAD].mean(axis=1), y[:, _SIDES["ankle"]].mean(axis=1), (shoulder + hip) / 2
    return {
        "centre_y": centre - np.median(centre),
        "head_y": head - np.median(head),
        "foot_y": foot - np.median(foot),
        "head_height": hip - head,
        "knee_drop": y[:, _SIDES["knee"]].mean(axis=1) - hip,
        "ankle_drop": foot - hip,
        "wrist_drop": y[:, [9, 10]].mean(axis=1) - shoulder,
    }


def _widths(points: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is measured between left and right, and the extents, of points in torso lengths."""
    pairs = {"wrist": (9, 10), "ankle": (15, 16), "shoulder": (5, 6), "hip": (11, 12)}
    apart = {name: points[:, left] - points[:, right] for name, (left, right) in pairs.items()}
    extent = np.ptp(points, axis=1)
    return {
        **{f"{name}_spread": np.abs(one[:, 0]) for name, one in apart.items()},
        "ankle_dx": apart["ankle"][:, 0],
        "ankle_dy": apart["ankle"][:, 1],
        "wrist_dx": apart["wrist"][:, 0],
        "wrist_dy": apart["wrist"][:, 1],
        "shoulder_dx": apart["shoulder"][:, 0],
        "extent_x": extent[:, 0],
        "extent_y": extent[:, 1],
    }
