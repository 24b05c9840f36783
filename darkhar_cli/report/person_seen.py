"""Where a person is in a clip, by MoveNet or by what moves, and how the person moves: to be drawn on its frames."""

from dataclasses import dataclass

import cv2
import numpy as np

from darkhar_cli.errors import DarkharError
from darkhar_cli.extractors.person import mover, tracking
from darkhar_cli.extractors.person.dense_flow import fit_camera
from darkhar_cli.extractors.person.flow_input import luma, pixels, widened
from darkhar_cli.extractors.person.keypoints import MoveNet, load_movenet
from darkhar_cli.report.clips_shown import ClipShown, Enhancer
from darkhar_cli.weights import lookup, store

_MOST_FRAMES = 150  # from the middle of a clip
_AT_A_TIME = 8  # frames at their own size, where each is enhanced by itself
_LONGEST, _BLUR, _MARGIN = 160, 0.8, 0.12  # pixels of the longer side that flow is computed at; as `dense_flow` does
_APART = 6  # of those pixels, between arrows


@dataclass(frozen=True)
class PersonSeen:
    """A person in one frame.

    Attributes:
        position: of the frame in the clip.
        frame: (H, W, 3) uint8, enhanced.
        points: (17, 3) x, y in pixels, and score; none (0, 3) without MoveNet.
        box: (4,) left, top, right, bottom in pixels: of the keypoints seen, or of what moves.
        arrows: (n, 4) x, y, and how far that moves to the next frame, less what the camera does, in pixels.
    """

    position: int
    frame: np.ndarray
    points: np.ndarray
    box: np.ndarray
    arrows: np.ndarray


def net_at_hand() -> MoveNet | None:
    """Return MoveNet where its weights are on this machine, else None: nothing is downloaded for a picture."""
    weights = lookup.of_extractor({"name": "movenet", "weights": "auto"})
    try:
        path = store.present(weights) if weights else None
        return load_movenet(str(path)) if path else None
    except DarkharError:  # not what was published, or no MoveNet: what needs it says so
        return None


def seen(clip: ClipShown, enhance: Enhancer, net: MoveNet | None, most: int) -> list[PersonSeen]:
    """Return the person in up to `most` frames of a clip, evenly spread, tracked over all frames between.

    Without MoveNet it is what moves, as `motion_flow` locates it.

    Raises:
        FailedWork: the clip cannot be read; names it.
    """
    first = max(0, (clip.n_frames - _MOST_FRAMES) // 2)
    frames = clip.frames(np.arange(first, min(first + _MOST_FRAMES, clip.n_frames)))
    step = _AT_A_TIME if enhance.scope == "frame" else len(frames)
    lit = np.concatenate([enhance.levels(frames[i : i + step]) for i in range(0, len(frames), step)])
    points = tracking.follow(lit, net).points if net else np.zeros((len(lit), 0, 3))
    boxes = tracking.boxes(points) if net else mover.locate(lit).box
    shown = np.linspace(0, max(len(lit) - 2, 0), min(most, max(len(lit) - 1, 1))).round().astype(int)
    height = lit.shape[1]
    return [
        PersonSeen(first + i, lit[i], points[i] * [height, height, 1], boxes[i] * height, _arrows(lit, boxes[i], i))
        for i in shown
    ]


def _arrows(frames: np.ndarray, box: np.ndarray, i: int) -> np.ndarray:
    """Return the motion of the person from frame i to the next (DIS flow less the camera's), (n, 4) in pixels."""
    if i + 1 >= len(frames):
        return np.zeros((0, 4))
    now, then = (luma(frame, _LONGEST, _BLUR) for frame in frames[i : i + 2])
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(now, then, None)
    flow = np.moveaxis(flow, -1, 0) / np.float32(now.shape[0])
    y, x = np.mgrid[: now.shape[0], : now.shape[1]].astype(np.float32)
    centre = (np.array(now.shape) - 1) / 2
    arm = np.stack([x - centre[1], y - centre[0]]).astype(np.float32) / np.float32(now.shape[0])
    gradient = np.hypot(*np.gradient(now.astype(np.float32)))
    rows, columns = pixels(widened(box, _MARGIN), now.shape)
    outside = np.ones(now.shape, bool)
    outside[rows, columns] = False
    shift, zoom = fit_camera(flow, arm, gradient, outside)
    own = flow - shift[:, None, None] - zoom * arm
    some = (slice(None), slice(rows.start, rows.stop, _APART), slice(columns.start, columns.stop, _APART))
    scale = frames.shape[1] / now.shape[0]
    places = (np.stack([x, y])[some] + 0.5) * scale
    return np.concatenate([places, own[some] * frames.shape[1]]).reshape(4, -1).T.astype(float)
