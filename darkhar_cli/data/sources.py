"""What a data set lists: its clips, where they come from, and what checking one of them finds."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from darkhar_cli.data.clip_store import StoredClip
from darkhar_cli.data.frame_times import frame_times, timing_of
from darkhar_cli.data.video import ClipError, DamagedClip, VideoInfo, inspect, limits, read_clip
from darkhar_cli.names import printable

TRAIN = "train"


@dataclass(frozen=True)
class Source:
    """One clip to be stored; `problem` is the reason why it cannot be (a missing file, an unknown label).

    Clips with one `twin` show the very same in another `light`. `official` is the clip's part in each of several
    official splits, joined by `|` (`train|test|`); empty where a data set has one. `listed` is the list and line that
    name the clip.
    """

    id: str
    split: str
    label: str
    load: Callable[[], bytes]
    group: str = ""
    problem: str = ""
    twin: str = ""
    light: str = ""
    official: str = ""
    listed: str = ""

    @property
    def file(self) -> Path | None:
        """Return the file that the clip is read from, if it is one."""
        if isinstance(self.load, partial) and self.load.func is read_clip:
            return self.load.args[0]
        return None

    def __post_init__(self) -> None:
        for name in ("id", "split", "label", "group", "problem", "twin", "light", "listed"):
            object.__setattr__(self, name, printable(getattr(self, name)))  # records and tables hold one line of text


@dataclass(frozen=True)
class Skipped:
    """A clip that could not be stored, and why."""

    id: str
    split: str
    reason: str
    damaged: bool = False  # can be kept: frames of it are corrupt


class Damage(str):
    """The reason why a clip is refused that could be kept."""


Checked = tuple[bytes, StoredClip]


def check(load: Callable[[], bytes], keep_damaged: bool) -> Checked | str:
    """Load and decode one clip; return its bytes and what they hold, or the reason why it cannot be used."""
    try:
        data = load()
        info = _inspected(data, keep_damaged)
        timing = timing_of(frame_times(data, info.n_frames), info.fps)
        if timing.fps > limits.HIGHEST_RATE:
            raise ClipError(f"cannot have {timing.fps:,.0f} frames a second: its header is damaged or made up")
    except DamagedClip as problem:
        return Damage(problem)
    except ClipError as problem:
        return str(problem)
    except OSError as problem:
        return problem.strerror or str(problem)
    size = (info.n_frames, timing.fps, info.height, info.width)
    times = tuple(map(float, timing.times))
    return data, StoredClip(
        sha256(data).hexdigest(), *size, info.corrupt, int(info.skippable), float(timing.jitter), times
    )


def _inspected(data: bytes, keep_damaged: bool) -> VideoInfo:
    """Return what a clip holds; one with corrupt frames is refused unless those are kept."""
    try:
        return inspect(data)
    except DamagedClip as problem:
        if keep_damaged:
            return problem.info
        raise
