"""What a request for predictions asks for, checked before anything heavy is imported."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkhar_cli.errors import BadRequest, unknown
from darkhar_cli.prediction.formats import FORMATS
from darkhar_cli.prediction.sources import VideoSource
from darkhar_cli.prediction.windowing import Windowing

FOLDS = ("auto", "all", "held-out", "final")


@dataclass(frozen=True)
class Asked:
    """What was typed, checked: `words` by key."""

    folder: Path
    sources: list[VideoSource]
    windowing: Windowing
    words: Mapping[str, str]
    format: str

    def path(self, key: str) -> Path | None:
        """Return a path that was given."""
        return Path(self.words[key]).expanduser().absolute() if key in self.words else None

    def flag(self, key: str, default: bool) -> bool:
        """Return a truth that was given."""
        return {"true": True, "false": False}[self.words[key]] if key in self.words else default

    def number(self, key: str, default: Any) -> Any:
        """Return a number that was given."""
        return float(self.words[key]) if key in self.words else default


def check_values(values: Mapping[str, str]) -> None:
    """Refuse values that are not allowed.

    Raises:
        BadRequest: names the key, the value and what is allowed.
    """
    for key, allowed in {"format": FORMATS, "folds": FOLDS}.items():
        if values.get(key, allowed[0]) not in allowed:
            raise unknown(key, values[key], allowed)
    for key in ("calibrate", "cache", "allow_network"):
        if values.get(key, "true") not in ("true", "false"):
            raise BadRequest(f"{key}={values[key]}: allowed are true and false")
    for key, low, high in (("top", 1, 1000), ("accuracy", 0, 1), ("threshold", 0, 1)):
        try:
            good = low <= float(values.get(key, low)) <= high and (key != "top" or values.get(key, "1").isdigit())
        except ValueError:
            good = False
        if not good:
            what = "a whole number" if key == "top" else "a number"
            raise BadRequest(f"{key}={values[key]}: allowed is {what} from {low} to {high}")


def windowing_of(values: Mapping[str, str]) -> Windowing:
    """Return how videos are to be cut.

    Raises:
        BadRequest: a time that is none.
    """
    window = values.get("window", "auto")
    if window in ("auto", "whole"):
        if window == "whole" and "stride" in values:
            raise BadRequest(f"stride={values['stride']} does nothing with window=whole; give window=3s")
        return Windowing(
            None if window == "auto" else 0.0, _seconds("stride", values["stride"]) if "stride" in values else None
        )
    return Windowing(_seconds("window", window), _seconds("stride", values["stride"]) if "stride" in values else None)


def _seconds(key: str, value: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|sec|ms|min|m)?", value)
    seconds = float(found[1]) * {"ms": 0.001, "min": 60, "m": 60}.get(found[2] or "s", 1.0) if found else 0.0
    if seconds <= 0:
        also = "auto, whole, or " if key == "window" else ""
        raise BadRequest(f"{key}={value}: allowed is {also}a time in seconds, for instance {key}=3s")
    return seconds


def check_outputs(asked: Asked) -> None:
    """Refuse places that cannot be written as asked, before anything is computed."""
    for key in ("output", "overlay"):
        place = asked.path(key)
        if place and place.is_dir():
            raise BadRequest(f"{key}={place} is a folder; give a file")
    timeline = asked.path("timeline")
    if timeline and timeline.exists() and not timeline.is_dir():
        raise BadRequest(f"timeline={timeline} is a file; give a folder")
    overlay = asked.path("overlay")
    if overlay and (len(asked.sources) > 1 or asked.sources[0].kind != "file"):
        raise BadRequest(f"overlay={overlay} draws one video file; give one")
    if overlay and overlay.suffix.lower() != ".mp4":
        raise BadRequest(f"overlay={overlay}: give a file that ends in .mp4")
    if overlay and overlay == asked.sources[0].path.expanduser().absolute():
        raise BadRequest(f"overlay={overlay} is the video itself; give another file")
