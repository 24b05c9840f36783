"""What a search found: its trials, the winners' scores on outer folds with their tables, and sentences about them."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from darkhar_cli import console
from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.files.tables import keep_csv, read_csv
from darkhar_cli.launch.opened import OpenedJob
from darkhar_cli.launch.search.study import DATABASE, Study
from darkhar_cli.metrics import tables
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.report.terminal import headlines, percent
from darkhar_cli.runs.row_labels import row_labels
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_tables import save_metrics

_SETTINGS = "searched"  # stands for a choice that each outer fold's winner makes for itself


def _trials(folder: Path, study: Study) -> list[Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = f"sqlite:///{folder / DATABASE}"
    if study.name not in optuna.get_all_study_names(storage):
        return []
    return list(optuna.load_study(study_name=study.name, storage=storage).trials)


def save_trials(folder: Path, studies: Sequence[Study]) -> None:
    """Write trials.csv: each trial of each study, its words, its score on each inner fold, their mean, its state."""
    rows = []
    for study in studies:
        for trial in _trials(folder, study):
            known = trial.user_attrs
            inner = {key: value for key, value in sorted(known.items()) if key.startswith("inner_")}
            words = {bare_key(word): word.partition("=")[2] for word in known.get("words", [])}
            row = {"study": study.name, "trial": trial.number, "state": trial.state.name.lower()}
            rows.append(row | words | {"inner": trial.value} | inner | {"error": known.get("error", "")})
    keys = list(dict.fromkeys(key for row in rows for key in row))
    first = ["study", "trial", "state", "inner", "error"]
    keep_csv(folder / "trials.csv", pd.DataFrame(rows, columns=[*first, *(k for k in keys if k not in first)]))


def scores(folder: Path, studies: Sequence[Study]) -> list[dict[str, Any]]:
    """Return each outer fold's winner, and what it scored inside and outside."""
    places = [folder / "folds" / study.name / "score.json" for study in studies if study.fold is not None]
    return [json.loads(place.read_text(encoding="utf-8")) for place in places]


def save_scores(folder: Path, studies: Sequence[Study], job: OpenedJob) -> None:
    """Write predictions.csv and metrics/ of the winners on their outer folds, and nested.csv."""
    found = scores(folder, studies)
    parts = [read_csv(folder / "folds" / study.name / "predictions.csv") for study in studies if study.fold is not None]
    predictions = pd.concat(parts, ignore_index=True).sort_values(tables.KEYS, ignore_index=True)
    run, folds = Run(folder), job.plan.folds
    run.save("predictions.csv", predictions)
    epochs = {(fold.repeat, fold.index): one["epochs"] for fold, one in zip(folds, found, strict=True)}
    labels = row_labels(job.config, job.plan.name)
    drawn = {bare_key(word) for one in found for word in one["words"]}
    labels |= {key: _SETTINGS for key in labels if key in drawn}
    save_metrics(run, predictions, job.clips.classes, labels, epochs, len(job.clips.skipped))
    rows = [
        {"fold": number, "trial": one["trial"], "winner": " ".join(one["words"])}
        | {"inner": one["inner"], "outer": one["outer"], "optimism": one["inner"] - one["outer"]}
        for number, one in enumerate(found)
    ]
    keep_csv(folder / "nested.csv", pd.DataFrame(rows))


def show(folder: Path, studies: Sequence[Study], command: str) -> None:
    """Print the winners, the score of searching so, its optimism, and the configuration to use."""
    table = read_csv(folder / "nested.csv")
    grid = grid_of("macro recall", ["fold", "winner", "inner", "outer"], str(folder / "nested.csv"))
    for _, row in table.iterrows():
        grid.add_row(str(row["fold"]), str(row["winner"]), percent(row["inner"]), percent(row["outer"]))
    show_grid(grid, ["fold"], "nested.csv")
    for line in headlines(Run(folder).read("metrics/summary.csv")):
        console.say(line)
    inner, outer = mean(table["inner"]), mean(table["outer"])
    console.say(
        f"optimism: {100 * (inner - outer):+.1f} points (inner {percent(inner)} minus outer {percent(outer)}); the "
        "outer score is of searching so, on clips that no choice has seen"
    )
    for study in studies:
        done = [one for one in _trials(folder, study) if one.state.name == "COMPLETE"]
        if study.fold is None and done:
            best = max(done, key=lambda one: (one.value, -one.number))
            console.say(f"chosen by all training clips: {command} {shlex.join(best.user_attrs['words'])}")
    console.out.print(str(folder), soft_wrap=True)
