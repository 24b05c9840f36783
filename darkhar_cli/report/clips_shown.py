"""Clips to be drawn, of a data set or from files, and their frames as training decodes and enhances them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from darkhar_cli import registry
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.frame_difference import motion_of
from darkhar_cli.data.frame_times import frame_times, frames_at, timing_of
from darkhar_cli.data.video import ClipError, inspect, iter_frames, read_clip
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.samplers.contract import nearest

Chain = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class ClipShown:
    """One clip.

    Attributes:
        id, label, group: as the data set names it; of a file its name, and nothing.
        digest: SHA-256 of its bytes, which names it to samplers that draw.
        n_frames, fps: its length and rate.
        times: (T,) seconds when its frames are shown, None at a constant rate.
        video: gives its encoded bytes.
    """

    id: str
    label: str
    group: str
    digest: str
    n_frames: int
    fps: float
    times: np.ndarray | None
    video: Callable[[], bytes]

    def frames(self, positions: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
        """Return frames at ascending positions, or all, as decoded, (T, H, W, 3) uint8.

        Raises:
            FailedWork: the clip cannot be read; names it.
        """
        wanted = range(self.n_frames) if positions is None else positions
        try:
            return np.stack(list(iter_frames(self.video(), wanted)))
        except ClipError as problem:
            raise FailedWork(f"{self.id}: {problem}") from problem


def of_data_set(clips: Clips, rows: Sequence[int]) -> list[ClipShown]:
    """Return the clips of some rows of a data set's table."""
    shown = []
    for row in rows:
        clip = clips.table.loc[row]
        shown.append(
            ClipShown(
                id=str(clip["id"]),
                label=str(clip["label"]),
                group=str(clip["group"]),
                digest=str(clip["digest"]),
                n_frames=int(clip["n_frames"]),
                fps=float(clip["fps"]),
                times=clips.times(row),
                video=partial(clips.video, row),
            )
        )
    return shown


def of_file(path: Path) -> ClipShown:
    """Return the clip of a video file.

    Raises:
        BadRequest: it cannot be read as a video.
    """
    try:
        data = read_clip(path)
        info = inspect(data)
    except (OSError, ClipError) as problem:
        raise BadRequest(f"{path}: {problem}") from problem
    timing = timing_of(frame_times(data, info.n_frames), info.fps)
    times = timing.times if len(timing.times) else None
    digest = sha256(data).hexdigest()
    return ClipShown(path.name, "", "", digest, info.n_frames, timing.fps, times, lambda: data)


def by_class(clips: Clips, most: int | None) -> dict[str, list[int]]:
    """Return rows of each class's clips, the dark ones of twins, `most` of each (None: all), spread over its groups."""
    table = clips.table
    dark = table[table["light"] != "bright"] if "light" in table else table
    chosen = {}
    for label in clips.classes:
        part = dark[dark["label"] == label]
        turn = part.groupby("group", sort=True).cumcount()  # one of each group first
        order = part.assign(turn=turn).sort_values(["turn", "group", "id"], kind="stable").index.tolist()
        chosen[label] = sorted(order[:most], key=order.index)
    return {label: rows for label, rows in chosen.items() if rows}


def picked(sampler: tuple[str, Mapping[str, Any]], clip: ClipShown, seed: int = 0) -> list[np.ndarray]:
    """Return the positions (T,) int of the frames that a sampler picks of a clip in scoring, for each of its views.

    Raises:
        BadRequest: the sampler refuses clips so short; names the clip.
    """
    pick = registry.get("sampler", sampler[0])(**sampler[1])
    motion = motion_of(clip.frames()) if pick.wants_motion else None
    key = key_of(seed, SCORING, clip.digest)
    try:
        positions, mask = pick(clip.n_frames, clip.fps, training=False, key=key, motion=motion)
    except BadRequest as problem:
        raise BadRequest(f"{clip.id}: {problem}") from problem
    if pick.by_time and clip.times is not None:
        positions = frames_at(positions, clip.times)
    return [view[real] for view, real in zip(nearest(np, positions).astype(int), mask, strict=True)]


class Enhancer:
    """Applies a chain of enhancements to decoded frames as training does, on the host in float32.

    Args:
        chain: (name, parameters) of each enhancement, in order.
    """

    def __init__(self, chain: Chain):
        self._host = HostFrames(None, chain, None)  # type: ignore[arg-type]  # frames are given, not read
        self.scope = self._host.scope

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return what becomes of frames (T, H, W, 3) uint8: float32, same shape, 0..255."""
        return self._host.made_of(frames)

    def levels(self, frames: np.ndarray) -> np.ndarray:
        """Return the same rounded to whole levels, uint8."""
        return np.rint(np.clip(self(frames), 0, 255)).astype(np.uint8)


def luma_of(frames: np.ndarray) -> np.ndarray:
    """Return the mean BT.601 luma of each frame (T, H, W, 3), (T,) float64, 0..255."""
    return np.asarray(frames.reshape(len(frames), -1, 3).mean(axis=1, dtype=np.float64) @ [0.299, 0.587, 0.114])


def resized(frame: np.ndarray, width: int) -> np.ndarray:
    """Return a frame (H, W, 3) uint8 no wider than `width`, its shape kept."""
    if frame.shape[1] <= width:
        return frame
    return cv2.resize(
        frame, (width, max(1, round(width * frame.shape[0] / frame.shape[1]))), interpolation=cv2.INTER_AREA
    )


def encoded(frame: np.ndarray, kind: str = ".png") -> bytes:
    """Return a frame (H, W, 3) RGB uint8 as the bytes of a PNG or (`.jpg`) a JPEG."""
    return cv2.imencode(kind, np.ascontiguousarray(frame[:, :, ::-1]))[1].tobytes()
