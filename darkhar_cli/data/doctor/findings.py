"""What can be found of a clip or between clips: its kind, whether it is wrong, where it stands."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import pandas as pd

# Kind -> whether it is wrong (else it is worth knowing), in the order of tables.
KINDS = {
    "missing": True,
    "empty": True,
    "not a video": True,
    "no video": True,
    "no frames": True,
    "cut off": True,
    "damaged": True,
    "unreadable": True,
    "wrong label": True,
    "two labels": True,
    "duplicate across splits": True,
    "near-duplicate across splits": True,
    "group across splits": True,
    "not in training": True,
    "duplicate": False,
    "near-duplicate": False,
    "short": False,
    "irregular times": False,
    "rotated": False,
    "range": False,
    "size": False,
    "still": False,
    "black": False,
    "one group": False,
}


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        kind: one of `KINDS`.
        detail: in words.
        id, split, label: of the clip; empty where it is about a class or a group.
        other: the other clip, where it is about two.
        listed: the list and line that name the clip.
    """

    kind: str
    detail: str
    id: str = ""
    split: str = ""
    label: str = ""
    other: str = ""
    listed: str = ""

    @property
    def wrong(self) -> bool:
        return KINDS[self.kind]


COLUMNS = ["kind", "wrong", "id", "split", "label", "detail", "other", "listed"]


def table_of(findings: Iterable[Finding]) -> pd.DataFrame:
    """Return check.csv: what is wrong first, kinds in order, clips by name."""
    order = {kind: place for place, kind in enumerate(KINDS)}
    rows = sorted(findings, key=lambda one: (order[one.kind], one.id, one.other, one.detail))
    made = [{**{f.name: getattr(one, f.name) for f in fields(one)}, "wrong": int(one.wrong)} for one in rows]
    return pd.DataFrame(made, columns=COLUMNS)


def kind_of(reason: str) -> str:
    """Return the kind of a reason why a clip cannot be used."""
    return next((kind for words, kind in _BY_WORDS if words in reason), "unreadable")


_BY_WORDS = (
    ("same bytes are", "two labels"),
    ("no such file", "missing"),
    ("link to nothing", "missing"),
    ("several files fit", "missing"),
    ("a folder", "missing"),
    ("one is wrong", "wrong label"),
    ("class number", "wrong label"),
    ("class id", "wrong label"),
    ("no label", "wrong label"),
    ("does not fit its name", "wrong label"),
    ("empty file", "empty"),
    ("not a video", "not a video"),
    ("no video stream", "no video"),
    ("cover picture", "no video"),
    ("no frames", "no frames"),
    ("cut off", "cut off"),
    ("decoding stops", "cut off"),
    ("damaged", "damaged"),
)
