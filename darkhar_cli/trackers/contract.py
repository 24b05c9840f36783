"""What every tracker is: told once of a run and what it was configured as, of each fold's epochs, and of its table.

A tracker is a class whose parameters are its option's. It writes where its own tool reads, on this machine alone, and
imports that tool's package in its methods. What it raises ends the tracking, never the run: whoever calls it
(`training/tracking.py`) makes a warning of it.

Traits, given to `@register("tracker", name, ...)`:

    package   what has to be installed, as it is imported; nothing where it is part of darkhar
    extra     of darkhar, that installs it
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest

NONE: Mapping[str, Any] = {"name": "none"}  # the tracker of whoever names none
_OF_A_ROW = ("split", "of")
_NOT_MEASURED = ("dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed", "interval", "warnings")


@dataclass(frozen=True)
class TrackedRun:
    """What a tracker is told of a run.

    Attributes:
        name: of its folder.
        folder: the run's.
        parameters: its configuration, flat: `train.epochs` -> 30.
    """

    name: str
    folder: Path
    parameters: Mapping[str, str | int | float | bool]


class Tracker:
    """Does nothing: derive from it, and write what your tool needs.

    Example: `Print().epoch("fold_0", 1, {"loss": 1.7})` prints an epoch's numbers.
    """

    def begin(self, run: TrackedRun) -> None:
        """Take note of the run; a resumed one begins anew, and is told of its earlier folds again."""

    def epoch(self, fold: str, number: int, values: Mapping[str, float]) -> None:
        """Take note of an epoch (from 1) of a fold (`fold_0`): its row of history.csv, without what is not known."""

    def table(self, summary: pd.DataFrame) -> None:
        """Take note of the run's results: summary.csv, a row for each split, with intervals and warnings."""

    def end(self, problem: str) -> None:
        """Take note of the end; `problem` is what ended the run early, empty where nothing did."""


def flat(node: Mapping[str, Any], before: str = "") -> dict[str, str | int | float | bool]:
    """Return a configuration's values by their dotted keys; lists as texts, what is null left out."""
    found: dict[str, str | int | float | bool] = {}
    for key, value in node.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        elif value is not None:
            found[f"{before}{key}"] = value if isinstance(value, str | int | float | bool) else str(value)
    return found


def results(summary: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of summary.csv with their intervals, `validation/recall_macro`; `test/ensemble/...` too."""
    found = {}
    for row in summary.to_dict("records"):
        place = row["split"] if row["of"] == "folds" else f"{row['split']}/{row['of']}"
        for key, value in row.items():
            if key not in (*_OF_A_ROW, *_NOT_MEASURED) and isinstance(value, int | float) and value == value:
                found[f"{place}/{key}"] = float(value)
    return found


def as_markdown(summary: pd.DataFrame) -> str:
    """Return summary.csv as a Markdown table: what was measured, a line each, and a column for each row."""
    rows = summary.to_dict("records")
    heads = ["", *(f"{row['split']}, {row['of']}" for row in rows)]
    keys = [key for key in summary if key not in _OF_A_ROW]
    lines = [heads, ["---"] * len(heads), *([key, *(_cell(row[key]) for row in rows)] for key in keys)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def refuse_missing(name: str, installed: Callable[[str], Any] = find_spec) -> None:
    """Refuse a tracker whose package is not installed; nothing of it is imported.

    Raises:
        BadRequest: names the extra that installs it, or that there is no such tracker.
    """
    if name == NONE["name"]:
        return
    part = registry.get("tracker", name)
    package, extra = getattr(part, "package", ""), getattr(part, "extra", "")
    if package and installed(package) is None:
        how = f"pip install 'darkhar[{extra}]'" if extra else f"pip install {package}"
        raise BadRequest(f"tracker={name} needs the package {package!r}, which is not installed: {how}")
