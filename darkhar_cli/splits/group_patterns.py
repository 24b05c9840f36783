"""Groups that clips' file names may show, where none are known."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

_WORDS = "person|subject|actor|scene|recording|session|video|group"
PATTERNS = (
    r"^(.+[-_]\d+)[-_]\d+\.",  # Run_11_1.mp4, as in ARID
    r"^(.+[-_][A-Za-z]+\d+)[-_][A-Za-z]+\d+\.",  # v_Archery_g01_c02.avi, as in UCF101
    r"(P\d{3})R\d{3}A\d{3}",  # S001C001P001R001A001_rgb.avi, as in NTU RGB+D
    rf"((?:{_WORDS})[-_]?\d+)",  # person01_walking_d1.avi, as in KTH
    r"^([A-Za-z]+\d+)[-_]",  # s03_walk_2.mp4
)


@dataclass(frozen=True)
class Pattern:
    """A regular expression for `dataset.group`, and what it would make.

    Attributes:
        regex: on the file name; its first bracket is the group.
        groups: how many groups the clips would be in.
        example, group: a clip's file name, and the group that it would have.
    """

    regex: str
    groups: int
    example: str
    group: str


def find_pattern(table: pd.DataFrame) -> Pattern | None:
    """Return the first pattern that fits every file name and makes groups of several clips, several for each class.

    Args:
        table: columns id (a path), label.
    """
    names = [PurePosixPath(name).name for name in table["id"]]
    for regex in PATTERNS:
        matches = [re.search(regex, name) for name in names]
        if not all(matches):
            continue
        groups = pd.Series([match[1] for match in matches if match], index=table.index)
        if 2 * groups.nunique() <= len(names) and groups.groupby(table["label"]).nunique().min() > 1:
            return Pattern(regex, groups.nunique(), names[0], groups.iloc[0])
    return None


def proposal(dataset: Mapping[str, Any], table: pd.DataFrame) -> Sequence[str]:
    """Return the line, or none, that proposes groups for a data set whose clips have none and which takes a pattern."""
    if "group" not in dataset or table["group"].any():
        return ()
    pattern = find_pattern(table)
    if pattern is None:
        return ()
    return (
        f"the file names suggest recordings: dataset.group='{pattern.regex}' would make {pattern.groups} groups "
        f"({pattern.group} of {pattern.example})",
    )
