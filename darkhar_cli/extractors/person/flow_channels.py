"""Named channels of motion, from sparse and dense flow; a second has 30 steps whatever the clip's rate."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from darkhar_cli.extractors.channels import Channel
from darkhar_cli.extractors.person.dense_flow import dense_flow
from darkhar_cli.extractors.person.flow_input import one_thread
from darkhar_cli.extractors.person.smoothing import at_frames, gaussian, gaussian_at_frames, path, without_trend
from darkhar_cli.extractors.person.sparse_flow import sparse_flow
from darkhar_cli.extractors.person.tracking import Person
from darkhar_cli.extractors.resampling import even_steps

RATE = 30.0  # frames per second that velocities are given at
_SIGMA = 1.0  # frames
_GAIN, _DENSE_DIVERGENCE = 3.0, 10.0
_REGIONS = ("dis", "dis_upper", "dis_middle", "dis_lower")


def _velocity(name: str, mirror_sign: float = 1.0, step: bool = False) -> Channel:
    return Channel(name, mirror_sign=mirror_sign, reverse_sign=-1.0, step=step)


CHANNELS = (
    _velocity("lk_u", -1.0, step=True),
    _velocity("lk_v", step=True),
    Channel("lk_length", step=True),
    Channel("lk_length_p90", step=True),
    _velocity("lk_divergence", step=True),
    _velocity("lk_v_smooth"),
    Channel("lk_v_path"),
    _velocity("camera_dx", -1.0, step=True),
    _velocity("camera_dy", step=True),
    _velocity("camera_zoom", step=True),
    *(_velocity(f"{region}_{axis}", -1.0 if axis == "u" else 1.0) for region in _REGIONS for axis in "uv"),
    _velocity("dis_divergence"),
    Channel("dis_v_path"),
    Channel("dis_upper_v_path"),
)
WORLD = (Channel("world_y"), Channel("world_size_log"))


class Subject(Protocol):
    """Whose flow it is: a person of keypoints, or what moves."""

    @property
    def box(self) -> np.ndarray:
        """Return left, top, right, bottom (T, 4) in frame heights."""

    @property
    def unit(self) -> float:
        """Return the clip's length unit in frame heights."""

    def evenly(self, times: np.ndarray | None) -> "Subject":
        """Return the subject at even times, of frames at irregular times (T,) in seconds; None: they are even."""


def flow_channels(
    frames: Sequence[np.ndarray] | np.ndarray, fps: float, person: Subject, times: np.ndarray | None = None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return `CHANNELS` by name, each (T,), and the camera's steps between frames (T - 1, 3): dx, dy, log zoom.

    Velocities are in thirds of the subject's unit (a torso, or the box's height) per 30th of a second, the camera's in
    frame heights and log zoom; paths are in units. A step is stored at the frame it leads to; smoothed ones at the
    frames themselves. Of frames at irregular times (T,) in seconds, all that is returned is at as many even times.
    """
    with one_thread():
        camera, sparse = sparse_flow(frames, person.box)
        dense = dense_flow(frames, person.box)
    if times is not None:
        camera, sparse, dense = (even_steps(steps, times) for steps in (camera, sparse, dense))
        person = person.evenly(times)
    rate, unit = (fps or RATE) / RATE, person.unit
    own = at_frames(sparse * rate * _GAIN / np.array([unit, unit, unit, unit, 1.0]))
    found = dict(zip(("lk_u", "lk_v", "lk_length", "lk_length_p90", "lk_divergence"), own.T, strict=True))
    found["lk_v_smooth"] = gaussian_at_frames(sparse[:, 1], _SIGMA) * rate * _GAIN / unit
    found |= zip(("camera_dx", "camera_dy", "camera_zoom"), at_frames(camera * rate).T, strict=True)
    smooth = gaussian_at_frames(dense, _SIGMA) * rate
    names = [f"{region}_{axis}" for region in _REGIONS for axis in "uv"]
    found |= zip(names, smooth[:, :-1].T * _GAIN / unit, strict=True)
    found["dis_divergence"] = smooth[:, -1] * _DENSE_DIVERGENCE
    for name, steps in (("lk_v", sparse[:, 1]), ("dis_v", dense[:, 1]), ("dis_upper_v", dense[:, 3])):
        found[f"{name}_path"] = without_trend(gaussian(path(steps / unit), _SIGMA))
    return found, camera


def world_channels(body: dict[str, np.ndarray], camera: np.ndarray, person: Person) -> dict[str, np.ndarray]:
    """Return `WORLD`: height and size (T,) less what the camera's motion (T - 1, 3) adds to them."""
    moved = path(camera)
    moved -= moved.mean(axis=0)
    return {
        "world_y": body["centre_y"] - moved[:, 1] / person.unit,
        "world_size_log": body["size_log"] - moved[:, 2],
    }
