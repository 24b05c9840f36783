"""One clip examined: all of it decoded, what is wrong with it, and what it looks like."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import cv2
import numpy as np

from darkhar_cli.data.doctor.findings import Finding, kind_of
from darkhar_cli.data.frame_times import IRREGULAR, frame_times, timing_of
from darkhar_cli.data.low_light_statistics import measure
from darkhar_cli.data.sources import Source
from darkhar_cli.data.video import ClipError, inspect, read_frames
from darkhar_cli.data.video.first_frame import StoredAs, stored_as

MOMENTS, HEIGHT, WIDTH = 12, 15, 20  # of a signature: evenly spaced frames, each a grey thumbnail
_FLOOR = 4.0  # luma added before the logarithm: noise in what is nearly black counts for less
_PICTURE = (90, 120)
_BELOW_BLACK = 0.05  # share of samples below legal black that is worth knowing
_DEEPEST = 3.0  # mean luma below which a clip shows next to nothing


@dataclass
class Examined:
    """What is known of a clip after it has been looked at.

    Attributes:
        source: the clip.
        findings: about it alone.
        digest: of its bytes; empty where there are none.
        n_frames, height, width, fps, jitter: 0 where it cannot be read.
        statistics: of `low_light_statistics.measure`.
        signature: (MOMENTS, HEIGHT, WIDTH) float32 log brightness; None where it cannot be read.
        picture: one frame, uint8 (H, W, 3).
    """

    source: Source
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""
    n_frames: int = 0
    height: int = 0
    width: int = 0
    fps: float = 0.0
    jitter: float = 0.0
    stored: StoredAs | None = None
    statistics: dict[str, float] = field(default_factory=dict)
    signature: np.ndarray | None = None
    picture: np.ndarray | None = None

    @property
    def readable(self) -> bool:
        return self.signature is not None

    def note(self, kind: str, detail: str) -> None:
        """Add a finding about this clip."""
        one = self.source
        self.findings.append(Finding(kind, detail, one.id, one.split, one.label, listed=one.listed))


def examine(source: Source, shortest: int, load: Callable[[], bytes] | None = None, checked: bool = False) -> Examined:
    """Decode a clip and return what is found.

    Args:
        source: the clip.
        shortest: frames below which it counts as short.
        load: gives its bytes, where that is not the source's own.
        checked: it has been decoded and found whole before.
    """
    seen = Examined(source)
    if source.problem:
        seen.note(kind_of(source.problem), source.problem)
        if kind_of(source.problem) != "wrong label":
            return seen
    try:
        data = (load or source.load)()
        seen.digest = sha256(data).hexdigest()
        _decode(seen, data, checked)
    except ClipError as problem:
        seen.note(kind_of(str(problem)), str(problem))
    except OSError as problem:
        reason = problem.strerror or str(problem)
        seen.note("missing" if isinstance(problem, FileNotFoundError) else "unreadable", reason)
    if seen.readable:
        _judge(seen, shortest)
    return seen


def _decode(seen: Examined, data: bytes, checked: bool) -> None:
    fps = 0.0
    if not checked:
        fps = inspect(data).fps
    frames = read_frames(data)
    seen.n_frames, seen.height, seen.width = frames.shape[:3]
    timing = timing_of(frame_times(data, seen.n_frames), fps)
    seen.fps, seen.jitter = float(timing.fps), float(timing.jitter)
    seen.stored = stored_as(data)
    seen.statistics = measure(frames, len(data), seen.fps)
    moments = frames[np.linspace(0, len(frames) - 1, MOMENTS).round().astype(int)]
    seen.signature = np.log(np.array([_thumbnail(one) for one in moments]) + _FLOOR)
    seen.picture = cv2.resize(frames[len(frames) // 2], _PICTURE[::-1], interpolation=cv2.INTER_AREA)


def _thumbnail(frame: np.ndarray) -> np.ndarray:
    """Return a frame's luma averaged over areas, (HEIGHT, WIDTH) float32, not rounded: dark clips have few levels."""
    luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.resize(luma, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def _judge(seen: Examined, shortest: int) -> None:
    """Note what is odd about a clip that can be read."""
    if seen.n_frames < shortest:
        seen.note("short", f"{seen.n_frames} frames, fewer than the sampler's {shortest}: frames are repeated")
    if seen.jitter > IRREGULAR:
        seen.note("irregular times", f"frames are up to {seen.jitter:.1f} frames off a constant rate")
    stored = seen.stored
    if stored is not None and not stored.upright:
        a, b, c, d = stored.matrix
        turned = "mirrored or turned by its display matrix" if a * d - b * c < 0 else "turned by its display matrix"
        seen.note("rotated", f"{turned} ({a:g} {b:g} {c:g} {d:g}); it is read as players show it")
    if stored is not None and stored.below_black > _BELOW_BLACK:
        share = f"{stored.below_black:.0%} of its samples lie below legal black (16)"
        seen.note("range", f"{share}, so they were crushed by whoever darkened or converted it")
    if seen.statistics["mean"] < _DEEPEST:
        seen.note("black", f"mean luma {seen.statistics['mean']:.1f} of 255")
    assert seen.signature is not None
    if seen.n_frames > 1 and float(np.ptp(seen.signature, axis=0).max()) == 0.0:
        seen.note("still", "nothing moves: all frames looked at are the same")
