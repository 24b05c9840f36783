"""What must stand beside a run's numbers wherever they appear: the one place that names and stores it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a caveat is about; nothing is told apart by its words."""

    SKIPPED = "skipped clips"
    DAMAGED = "damaged clips"
    SYNTHETIC = "synthetic clips"
    CARRIED = "carried model"
    WATCHED = "scored clips watched"
    SHUFFLED = "shuffled labels"
    UNGROUPED = "no groups"
    LEAK = "leak"
    MISLED = "misleading backgrounds"
    SCHEME = "scheme"
    FEW_GROUPS = "too few groups"
    BELOW_CHANCE = "below chance"
    CONTROL = "control"
    SHUFFLED_LEARNT = "shuffled labels learnt"
    TRAINED_ON = "trained on"
    TRACKER = "tracker"
    OTHER = "other"  # of a run that an earlier version kept as bare text


# follow from a run's tables, and are made anew with them
FROM_TABLES = (Kind.FEW_GROUPS, Kind.BELOW_CHANCE, Kind.CONTROL, Kind.SHUFFLED_LEARNT)
OF_MODELS = (Kind.CARRIED, Kind.SHUFFLED, Kind.OTHER)  # hold for a run's models whatever clips they score
_CHANGED = ("darkened", "background")  # the same clips, scored darker or before another background
_PLAIN = dict.fromkeys(_CHANGED, "validation") | {f"test_{name}": "test" for name in _CHANGED}


@dataclass(frozen=True)
class Caveat:
    """One warning.

    Attributes:
        kind: what it is about.
        text: what a reader is told, without a full stop.
        split: the split whose numbers it concerns; empty for all.
    """

    kind: Kind
    text: str
    split: str = ""

    def concerns(self, split: str) -> bool:
        """Whether a split's numbers, of the clips as they are or changed, need it beside them."""
        return self.split in ("", split, _PLAIN.get(split, split))


def read(kept: Iterable[Any]) -> list[Caveat]:
    """Return the caveats that `stored` made, or that an earlier version kept as texts."""
    return [
        Caveat(Kind.OTHER, entry)
        if isinstance(entry, str)
        else Caveat(Kind(entry["kind"]), entry["text"], entry.get("split", ""))
        for entry in kept
    ]


def stored(caveats: Iterable[Caveat]) -> list[dict[str, str]]:
    """Return caveats as run.json keeps them, each once."""
    return [asdict(caveat) for caveat in dict.fromkeys(caveats)]


def cell(texts: Iterable[str]) -> str:
    """Return texts as one cell of a table, for who reads that; run.json keeps the caveats, and nothing here reads a
    cell."""
    return "; ".join(text.replace("; ", ", ") for text in texts)
