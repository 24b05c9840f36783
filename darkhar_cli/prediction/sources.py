"""From the words of a request to videos: files, folders, patterns, a pipe, cameras, addresses."""

import glob
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli.data.listing import list_folder, not_videos, why_no_file
from darkhar_cli.data.video.files import no_plain_file
from darkhar_cli.data.video_suffixes import VIDEO
from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.names import printable

PIPE = "-"
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.I)
_LOCAL = ("file", "pipe", "fd", "concat", "subfile", "data", "cache", "crypto")  # what is no address, or hides one
_CAMERA = "v4l2"


@dataclass(frozen=True)
class VideoSource:
    """A video to be predicted.

    Attributes:
        name: in tables and messages.
        kind: `file`, `pipe`, `camera` or `address`.
        place: the file, the device or the address; empty for a pipe.
    """

    name: str
    kind: str
    place: str = ""

    @property
    def path(self) -> Path:
        """Return the file's path."""
        return Path(self.place)

    @property
    def form(self) -> str | None:
        """Return FFmpeg's name of the device's format, for a camera."""
        return _CAMERA if self.kind == "camera" else None


def is_address(word: str) -> bool:
    """Whether a word is an address, as rtsp://camera/stream."""
    return bool(_ADDRESS.match(word))


def read_sources(words: Sequence[str], allow_network: bool = False) -> list[VideoSource]:
    """Return the videos that words name, each once, in their order; those of folders and patterns by name.

    Raises:
        BadRequest: nothing of that name, a folder without videos, an address where the network is not allowed.
        FailedWork: a folder cannot be read.
    """
    found: dict[str, VideoSource] = {}
    for word in words:
        for source in _sources_of(word, allow_network):
            found.setdefault(source.place or source.name, source)
    return list(found.values())


def _sources_of(word: str, allow_network: bool) -> list[VideoSource]:
    if word == PIPE:
        return [VideoSource("standard input", "pipe")]
    if is_address(word):
        scheme = word.partition(":")[0].lower()
        if scheme in _LOCAL:
            raise BadRequest(f"{printable(word)}: {scheme}: is no address that is taken; give the file's name")
        if not allow_network:
            raise BadRequest(f"{printable(_bare(word))} is an address: give allow_network=true to connect to it")
        return [VideoSource(_bare(word), "address", word)]
    path = Path(word).expanduser()
    if path.is_dir():
        videos, _ = not_videos(list_folder(path).files, path, VIDEO)
        if not videos and (path / "run.json").is_file():
            raise BadRequest(f"{printable(word)} is a run folder; predict takes one run, and videos behind it")
        if not videos:
            raise BadRequest(f"{printable(word)} holds no video (*.mp4, *.mkv, *.avi, ...)")
        return [_file(video) for video in videos]
    if path.exists():
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode):
            return [VideoSource(printable(word), "camera", word)]
        if not stat.S_ISREG(mode):
            raise BadRequest(f"{printable(word)} is {no_plain_file(mode)}, not a video file; pipe a video into `-`")
        return [_file(path)]
    matched = sorted(glob.glob(str(path), recursive=True)) if glob.has_magic(word) else []
    files = [Path(one) for one in matched if Path(one).is_file()]
    if files:
        return [_file(file) for file in files]
    if glob.has_magic(word):
        raise BadRequest(f"{printable(word)}: no file fits this pattern")
    beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    raise BadRequest(f"{printable(word)}: {why_no_file(path)}{nearest(path.name, beside)}")


def _file(path: Path) -> VideoSource:
    return VideoSource(printable(str(path)), "file", str(path))


def _bare(address: str) -> str:
    """Return an address without a password in it."""
    return re.sub(r"(://)[^/@]*@", r"\1", address)
