"""A finished run evaluated later: its tables again from its predictions, and evaluations on other clips.

Nothing here needs TensorFlow; `scoring` runs the models.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import ambient
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.config import safe_yaml
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.errors import BadRequest, nearest, unknown
from darkhar_cli.evaluation.conclusions import conclude
from darkhar_cli.evaluation.outcomes import jobs_of
from darkhar_cli.files import asides, disk
from darkhar_cli.metrics import tables
from darkhar_cli.runs.finished_mark import PREDICTIONS
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_record import RunRecord
from darkhar_cli.runs.run_tables import save_metrics

SPLITS = ("train", "test", "all")
_P = "p_"
_TEXTS = [*tables.KEYS, "group", "label", "predicted"]
FoldName = tuple[int, int]  # repeat, fold


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord(RunRecord):
    """What evaluation.json holds beside what a run does.

    Attributes:
        run: the identity of the run whose models were scored.
        words: that were typed.
        split: that was scored.
        clips: how many.
        models: repeat, fold, weights and sha256 of each model.
        trained_on: `clips`, how many of the scored clips some fold was trained on, and that of each of `folds`; empty
            where it is not known.
    """

    run: str | None = None
    words: tuple[str, ...] = ()
    split: str = ""
    clips: int = 0
    models: tuple[Mapping[str, Any], ...] = ()
    trained_on: Mapping[str, Any] = field(default_factory=dict)

    def warnings(self) -> list[Caveat]:
        """Return the caveats that go with the numbers wherever they appear."""
        n = self.trained_on.get("clips")
        own = [Caveat(Kind.TRAINED_ON, f"{n} of {self.clips} clips were trained on")] if n else []
        return [*super().warnings(), *own]


class Evaluation(Run):
    """The folder of one evaluation: a run's tables, of other clips."""

    FACTS = "evaluation.json"
    RECORD = EvaluationRecord


def finished_run(folder: Path) -> Run:
    """Return the run of a folder.

    Raises:
        BadRequest: no such folder, no run, a sweep, or a run that is not finished.
    """
    if not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise BadRequest(f"{folder}: no such folder{nearest(folder.name, beside)}")
    run = Run(folder)
    if run.done and run.facts():
        return run
    if (folder / "sweep.csv").is_file():
        finished = (str(job.relative_to(folder)) for job in jobs_of(folder) if Run(job).done)
        jobs = ", ".join(sorted(finished)) or "none is finished"
        raise BadRequest(f"{folder} is a sweep; evaluate takes one of its jobs: {jobs}")
    if not run.facts():
        raise BadRequest(f"{folder} is no run folder; evaluate takes the folder of a finished run")
    raise BadRequest(f"{folder} is not finished; give its `darkhar train` command again: it resumes where it stopped")


def settings_of(run: Run) -> dict[str, Any]:
    """Return a run's resolved configuration.

    Raises:
        BadRequest: config.yaml is not there, or not as a run writes it.
    """
    path = run.folder / "config.yaml"
    if not path.is_file():
        raise BadRequest(f"{path} is missing: it holds the configuration of the run's parts")
    made = safe_yaml.read_stored(path)
    if not isinstance(made, dict) or "dataset" not in made:
        raise BadRequest(f"{path} holds no settings; no run wrote it")
    return made


def fold_facts(run: Run) -> dict[FoldName, dict[str, Any]]:
    """Return the facts of each fold in run.json."""
    return {(entry["repeat"], entry["fold"]): entry for entry in run.facts().get("folds", ())}


def epochs_of(run: Run) -> dict[FoldName, int]:
    """Return the epochs each fold was trained for."""
    return {name: entry["epochs"] for name, entry in fold_facts(run).items()}


def classes_of(run: Run) -> list[str]:
    """Return the classes of a run's models, in the order of their logits."""
    kept = run.record().data.classes
    return list(kept) or [name.removeprefix(_P) for name in _predictions(run) if name.startswith(_P)]


def _predictions(run: Run) -> pd.DataFrame:
    path = run.folder / "predictions.csv"
    try:
        return run.read(path.name)
    except (OSError, ValueError) as problem:  # pandas's own errors are ValueErrors
        raise BadRequest(f"{path} cannot be read: {problem}") from problem


def recompute(run: Run, labels: Mapping[str, Any]) -> None:
    """Write the tables of a finished run again from its predictions.csv.

    Args:
        run: the run.
        labels: its row labels: dataset, sampler, enhance, extractor, classifier, cv, seed.

    Raises:
        BadRequest: predictions.csv is not what a run writes; names the value.
    """
    classes = classes_of(run)
    predictions = _checked(_predictions(run), classes, run.folder / "predictions.csv")
    predictions = predictions.sort_values(tables.KEYS, ignore_index=True)
    save_metrics(run, predictions, classes, labels, epochs_of(run), run.record().data.skipped)
    run.mark.renew(PREDICTIONS)  # they may have been edited


def _checked(predictions: pd.DataFrame, classes: Sequence[str], path: Path) -> pd.DataFrame:
    """Return predictions that may have been edited, or refuse what no table can be made of."""
    for name in (*_TEXTS, *(f"{_P}{c}" for c in classes)):
        if name not in predictions:
            raise BadRequest(f"{path} lacks the column {name!r}{nearest(name, predictions)}")
    if not classes or predictions.empty:
        raise BadRequest(f"{path} holds no predictions (rows, and a column p_<class> for each class)")
    for name, allowed in (("label", classes), ("predicted", classes), ("split", tables.SPLITS)):
        wrong = set(predictions[name]) - set(allowed)
        if wrong:
            raise unknown(f"{name} in {path}", sorted(map(str, wrong))[0], allowed)
    for name in ("repeat", "fold", *(f"{_P}{c}" for c in classes), *({"luma"} & set(predictions))):
        values = pd.to_numeric(predictions[name], errors="coerce")
        good, what = values.between(0, 1), "0 to 1"
        if not name.startswith(_P):
            whole = name != "luma"
            good = (values >= 0) & ((values % 1 == 0) | (not whole))
            what = "a whole number from 0" if whole else "a number from 0"
        if not good.all():
            given, line = predictions[name][~good].iloc[0], int(np.argmin(good)) + 2
            raise BadRequest(f"{path}: {name}={given} (line {line}): allowed is {what}")
    twice = predictions[predictions.duplicated(tables.KEYS)]
    if len(twice):
        raise BadRequest(f"{path}: {twice['id'].iloc[0]} appears twice in fold {twice['fold'].iloc[0]}")
    return predictions


def chosen(clips: Clips, split: str | None) -> list[int]:
    """Return the rows of a split: `train`, `test`, `all`, or where None `test` if there is one, else all.

    Raises:
        BadRequest: the data set has no clip in that split.
    """
    held_out = clips.rows("test")
    if split is None:
        return held_out or clips.table.index.tolist()
    rows = clips.table.index.tolist() if split == "all" else clips.rows(split)
    if not rows:
        has = ", ".join(sorted(set(clips.table["split"])))
        raise BadRequest(f"split={split}: data set {clips.name} has no such clips; it has {has}")
    return rows


def refuse_other_classes(run: Run, clips: Clips) -> None:
    """Refuse a data set whose class names are not the run's.

    Raises:
        BadRequest: names what differs.
    """
    ours, theirs = classes_of(run), clips.classes
    more, less = sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))
    if not more and not less:
        return
    parts = [f"lacks {', '.join(map(repr, less))}"] if less else []
    parts += [f"has {', '.join(map(repr, more))}, which the run does not know{nearest(more[0], ours)}"] if more else []
    raise BadRequest(f"data set {clips.name} has other classes than {run.folder}: it {' and '.join(parts)}")


def model_digests(run: Run) -> dict[FoldName, str]:
    """Return the SHA-256 of each fold's model file.

    Raises:
        BadRequest: a model is missing.
    """
    paths = {(repeat, fold): run.model_path(fold, repeat) for repeat, fold in fold_facts(run)}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing or not paths:
        names = ", ".join(str(path.relative_to(run.folder)) for path in missing) or "models"
        raise BadRequest(f"{run.folder} cannot be evaluated on clips: {names} missing; `darkhar train` makes them")
    digests = {}
    for name, path in paths.items():
        with path.open("rb") as file:
            digests[name] = file_digest(file, "sha256").hexdigest()
    return digests


def place_of(run: Run, clips: Clips, split: str, digests: Mapping[FoldName, str]) -> Path:
    """Return the folder of the evaluation of these models on this split of these data."""
    decides = [clips.fingerprint, split, sorted(digests.values()), *filter(None, [ambient.switches()])]
    mark = sha256(dumps(decides).encode()).hexdigest()[:12]
    return run.folder / "evaluations" / f"{clips.name}-{split}-{mark}"


def save(place: Path, predictions: pd.DataFrame, classes: Sequence[str], labels: Any, epochs: Any, facts: Any) -> None:
    """Write an evaluation's folder: beside its place, then renamed, so that it is whole or not there.

    Raises:
        FailedWork: the folder cannot be written.
    """
    asides.remove_leftovers(place.parent)
    made = Evaluation(asides.beside(place))
    try:
        made.save("predictions.csv", predictions)
        save_metrics(made, predictions, classes, labels, epochs, facts["data"]["skipped"])
        made.add_facts(**facts)
        conclude(made)
        os.replace(made.folder, place)
    except OSError as problem:
        if not (place / Evaluation.FACTS).is_file():  # else another process was faster: same numbers
            raise disk.failure(place, problem) from problem
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)
