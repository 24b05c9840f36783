"""The run folder: the only writer and the only reader of it.

A finished fold is kept under `.folds/` until the run is whole, so that a killed run resumes at the fold it was
in; tables are always computed from what was written, so a resumed run's tables equal an uninterrupted one's.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from darkhar_cli import console
from darkhar_cli.caveats import Caveat
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.files import disk
from darkhar_cli.files.asides import write_aside
from darkhar_cli.files.tables import read_csv, write_csv, write_text
from darkhar_cli.names import printable_lines, unreferring_in
from darkhar_cli.runs.finished_mark import FinishedMark
from darkhar_cli.runs.fold_files import FoldFiles, drop_damaged
from darkhar_cli.runs.run_record import RunRecord

FINAL = (-1, -1)  # repeat and fold of the model that is trained on all training clips


class Run:
    """One run's folder."""

    FACTS = "run.json"
    RECORD = RunRecord  # what that file holds

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    @property
    def done(self) -> bool:
        """Whether the run is finished."""
        return self.mark.there

    @property
    def mark(self) -> FinishedMark:
        """Return the mark of a finished run, which knows its tables' checksums."""
        return FinishedMark(self.folder)

    @property
    def identity(self) -> str | None:
        """Return the hash of the configuration and data the folder belongs to, if it belongs to any."""
        return self.record().identity

    def record(self) -> RunRecord:
        """Return what run.json holds; of a folder without one, nothing but defaults.

        Raises:
            BadRequest: a run.json that no run of this program wrote.
        """
        return self._record(self.facts())

    def _record(self, facts: Mapping[str, Any]) -> RunRecord:
        try:
            return self.RECORD.read(facts)
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            raise self._foreign() from problem

    def _foreign(self) -> BadRequest:
        path = self.folder / self.FACTS
        return BadRequest(f"{path} was not written by this program; choose another hydra.run.dir")

    def facts(self) -> dict[str, Any]:
        """Return run.json as it stands, or an empty dict.

        Raises:
            BadRequest: a run.json that no run of this program wrote.
        """
        path = self.folder / self.FACTS
        if not path.is_file():
            return {}
        with contextlib.suppress(ValueError):
            found = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found, dict):
                return found
        raise self._foreign()

    def warnings(self) -> list[Caveat]:
        """Return what must stand beside the run's numbers wherever they appear."""
        return self.record().warnings()

    def warnings_of(self, split: str) -> list[Caveat]:
        """Return those that concern a split's numbers."""
        return [caveat for caveat in self.warnings() if caveat.concerns(split)]

    def final(self) -> dict[str, Any] | None:
        """Return the facts of the final model, trained on all training clips; None where there is none."""
        facts = self.facts().get("final")
        return facts if facts and self.model_path(*FINAL[::-1]).is_file() else None

    def caveats(self) -> list[str]:
        """Return the texts of the run's warnings."""
        return [caveat.text for caveat in self.warnings()]

    def refuse_other(self, identity: str) -> None:
        """Refuse a folder that holds another experiment.

        Raises:
            BadRequest: the folder belongs to another configuration or other data.
        """
        if self.identity not in (None, identity):
            raise BadRequest(
                f"{self.folder} holds another experiment (other settings or data); "
                "choose another hydra.run.dir, or remove it"
            )

    def claim(self, identity: str) -> None:
        """Make the folder this run's.

        Raises:
            BadRequest: the folder belongs to another configuration or other data.
            FailedWork: the folder cannot be written.
        """
        self.refuse_other(identity)
        if self.done:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "error.txt").unlink(missing_ok=True)
            self.add_facts(identity=identity)
        except OSError as problem:
            raise disk.failure(self.folder, problem, "choose another place with hydra.run.dir=...") from problem

    def add_facts(self, **facts: Any) -> None:
        """Add to run.json; `facts` are as that file keeps them."""
        record = self._record(self.facts() | facts)
        write_text(self.folder / self.FACTS, json.dumps(record.stored(), indent=2, sort_keys=True) + "\n")

    def warn(self, message: str) -> None:
        """Print a line that should not be missed, and keep it in log.txt."""
        self.log(message, console.warn)

    def log(self, message: str, say: Callable[[str], None] = console.note) -> None:
        """Print a line and keep it, with the time, in log.txt."""
        say(message)
        path = self.folder / "log.txt"
        with disk.writing(path), path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {printable_lines(message)}\n")

    def save_config(self, config: Mapping[str, Any], overrides: Sequence[str]) -> None:
        """Write config.yaml (resolved) and overrides.yaml (as typed)."""
        write_text(self.folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(unreferring_in(config))))
        write_text(self.folder / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(list(overrides))))

    def save(self, name: str, table: pd.DataFrame) -> None:
        """Write one of the run's tables; of a finished run, its mark lists the new checksum."""
        write_csv(self.folder / name, table)
        self.mark.renew(name)

    def read(self, name: str) -> pd.DataFrame:
        """Read one of the run's tables."""
        return read_csv(self.folder / name)

    def controls(self) -> pd.DataFrame:
        """Return metrics/controls.csv, or an empty table where no controls were run."""
        path = self.folder / "metrics" / "controls.csv"
        return read_csv(path) if path.is_file() else pd.DataFrame()

    def model_path(self, fold: int, repeat: int = 0) -> Path:
        """Return where a fold's model, or the final one (`FINAL`), is kept."""
        name = f"fold_{fold}" if not repeat else f"repeat_{repeat}_fold_{fold}"
        name = "final" if (repeat, fold) == FINAL else name
        return self.folder / "models" / f"{name}.keras"

    def save_model(self, fold: int, model: Any, repeat: int = 0) -> None:
        """Write a fold's Keras model."""
        write_aside(self.model_path(fold, repeat), model.save)

    def fold_folder(self, repeat: int, fold: int) -> Path:
        """Return where a finished fold is kept until the run is whole."""
        return self.folder / ".folds" / f"{repeat}_{fold}"

    def _fold(self, repeat: int, fold: int) -> FoldFiles:
        return FoldFiles(self.fold_folder(repeat, fold), self.model_path(fold, repeat))

    def save_fold(self, repeat: int, fold: int, predictions: pd.DataFrame, history: pd.DataFrame, facts: Any) -> None:
        """Keep a finished fold; its facts come last and mark it as whole."""
        self._fold(repeat, fold).save(predictions, history, facts)

    def has_fold(self, repeat: int, fold: int) -> bool:
        """Whether a fold has been finished before."""
        return self._fold(repeat, fold).marked and self.model_path(fold, repeat).is_file()

    def drop_damaged_folds(self, folds: Sequence[tuple[int, int]]) -> list[tuple[tuple[int, int], str]]:
        """Let finished folds whose files are not as they were written count as not finished; return them, and why."""
        return drop_damaged({name: self._fold(*name) for name in folds})

    def fold_facts(self, repeat: int, fold: int) -> dict[str, Any]:
        """Return what `save_fold` was given.

        Raises:
            FailedWork: the file has been damaged since the run began.
        """
        return self._fold(repeat, fold).facts()

    def collect(self, folds: Sequence[tuple[int, int]], name: str) -> pd.DataFrame:
        """Return one table of all finished folds, in order.

        Raises:
            FailedWork: a file has been damaged since the run began.
        """
        return pd.concat([self._fold(*fold).read(name) for fold in folds], ignore_index=True)

    def finish(self) -> None:
        """Mark the run as finished."""
        self.mark.write()
        self.drop_folds()

    def drop_folds(self) -> None:
        """Remove what was kept of each fold: the tables of a finished run hold it."""
        shutil.rmtree(self.folder / ".folds", ignore_errors=True)

    def fail(self, message: str) -> None:
        """Keep the reason why the run could not be finished, where the folder can be written."""
        with contextlib.suppress(FailedWork):
            write_text(self.folder / "error.txt", message + "\n")
