"""The files of a finished fold, and the proof that they are what was written.

`facts.json` comes last. It holds the SHA-256 of the other files and how many rows each table has, that of the fold's
model, and its own; so a fold whose files are cut, changed or gone is known, and is trained again rather than reported.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.errors import FailedWork
from darkhar_cli.files.checksums import CHANGED, MISSING, checksum, differing
from darkhar_cli.files.tables import read_csv, write_csv, write_text

FACTS = "facts.json"
_NAMES = ("predictions.csv", "history.csv")


class DamagedFold(FailedWork):
    """A fold that cannot be trusted: a file in a place, and the `reason`, which names it."""

    def __init__(self, place: Path, reason: str):
        super().__init__(f"{place}: {reason}; give the command again: it trains that fold anew")
        self.reason = reason


@dataclass(frozen=True)
class FoldFiles:
    """One fold's files.

    Attributes:
        place: the folder that they are in.
        model: the fold's model, which stands elsewhere.
    """

    place: Path
    model: Path

    def save(self, predictions: pd.DataFrame, history: pd.DataFrame, facts: Mapping[str, Any]) -> None:
        """Keep a finished fold; its facts come last and mark it as whole."""
        files: dict[str, dict[str, Any]] = {}
        for name, table in zip(_NAMES, (predictions, history), strict=True):
            write_csv(self.place / name, table)
            files[name] = {"sha256": checksum(self.place / name), "rows": len(table)}
        if self.model.is_file():
            files[self.model.name] = {"sha256": checksum(self.model)}
        kept = {**facts, "files": files}
        write_text(self.place / FACTS, json.dumps({**kept, "sha256": _mark(kept)}))

    @property
    def marked(self) -> bool:
        """Whether the fold has been finished."""
        return (self.place / FACTS).is_file()

    def unmark(self) -> None:
        """Let the fold count as not finished."""
        (self.place / FACTS).unlink(missing_ok=True)

    def facts(self) -> dict[str, Any]:
        """Return what `save` was given.

        Raises:
            DamagedFold: they are not whole.
        """
        return {key: value for key, value in self._kept().items() if key != "files"}

    def read(self, name: str) -> pd.DataFrame:
        """Return a table as it was written.

        Raises:
            DamagedFold: it is not that any more.
        """
        self._refuse(self.place / name, self._kept()["files"])
        return read_csv(self.place / name)

    def refuse_damaged(self) -> None:
        """Refuse a fold of which a file is not as it was written.

        Raises:
            DamagedFold: names the file, and what is wrong with it.
        """
        files = self._kept()["files"]
        for name in _NAMES:
            self._refuse(self.place / name, files)
        if self.model.name in files:
            self._refuse(self.model, files)

    def _kept(self) -> dict[str, Any]:
        try:
            kept = json.loads((self.place / FACTS).read_text(encoding="utf-8"))
            whole = kept.pop("sha256") == _mark(kept) and "files" in kept
        except FileNotFoundError as problem:
            raise DamagedFold(self.place, f"{FACTS} {MISSING}") from problem
        except (OSError, ValueError, AttributeError, TypeError, KeyError) as problem:
            raise DamagedFold(self.place, f"{FACTS} is not whole") from problem
        if not whole:
            raise DamagedFold(self.place, f"{FACTS} {CHANGED}")
        found: dict[str, Any] = kept
        return found

    def _refuse(self, path: Path, files: Mapping[str, Any]) -> None:
        (problem,) = (*differing(path.parent, {path.name: files[path.name]["sha256"]}).values(), "")[:1]
        if problem:
            rows = _rows(path, files[path.name].get("rows")) if problem == CHANGED else ""
            raise DamagedFold(self.place, f"{path.name} {problem}{rows}")


def drop_damaged(folds: Mapping[tuple[int, int], FoldFiles]) -> list[tuple[tuple[int, int], str]]:
    """Let finished folds whose files are not as they were written count as not finished; return them, and why."""
    damaged = []
    for name, files in folds.items():
        try:
            if files.marked:
                files.refuse_damaged()
        except DamagedFold as problem:
            files.unmark()
            damaged.append((name, problem.reason))
    return damaged


def _mark(kept: Mapping[str, Any]) -> str:
    return sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _rows(path: Path, expected: int | None) -> str:
    """Return in words how many rows a table lacks or has too many, where it can be read and that is so."""
    if expected is None:
        return ""
    try:
        rows = len(read_csv(path))
    except (OSError, ValueError):
        return " (no table)"
    return f" ({rows} rows of {expected})" if rows != expected else ""
