"""Files with the same bytes: copies are reported, and two labels for the same bytes are a fault of both."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path


@dataclass(frozen=True)
class Labelled:
    """A clip's file with its name and label."""

    id: str
    label: str
    path: Path


def copies(clips: Sequence[Labelled]) -> list[list[Labelled]]:
    """Return the sets of clips that have the same bytes; only files of equal size are read, unreadable ones left."""
    sizes: dict[int, list[Labelled]] = defaultdict(list)
    for clip in clips:
        try:
            sizes[clip.path.stat().st_size].append(clip)
        except (OSError, ValueError):  # checked as a clip, it is named with the reason
            continue
    same: dict[str, list[Labelled]] = defaultdict(list)
    for size, equal in sizes.items():
        for clip in equal if size and len(equal) > 1 else ():
            try:
                with clip.path.open("rb") as file:
                    same[file_digest(file, "sha256").hexdigest()].append(clip)
            except OSError:
                continue
    return [equal for equal in same.values() if len(equal) > 1]


def contradictions(sets: Sequence[Sequence[Labelled]]) -> dict[str, str]:
    """Return clip -> why it cannot be used, for sets of copies that have several labels."""
    refused = {}
    for equal in sets:
        if len({clip.label for clip in equal}) > 1:
            for clip in equal:
                other = next(copy for copy in equal if copy.label != clip.label)
                refused[clip.id] = (
                    f"label {clip.label!r}, but the same bytes are {other.id} with label {other.label!r}: one is wrong"
                )
    return refused


def copies_in_words(sets: Sequence[Sequence[Labelled]]) -> str:
    """Return in words which clips are copies of others under one label, or an empty string."""
    equal = [copies for copies in sets if len({clip.label for clip in copies}) == 1]
    if not equal:
        return ""
    count, (first, second, *_) = sum(len(copies) - 1 for copies in equal), equal[0]
    if count == 1:
        return f"1 clip is a copy of another, byte for byte: {second.id} of {first.id}"
    return f"{count} clips are copies of others, byte for byte: {second.id} of {first.id}, and {count - 1} more"
