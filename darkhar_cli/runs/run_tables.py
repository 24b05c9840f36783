"""The tables of a run, written from its finished folds."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from darkhar_cli.metrics import by_class, summary, tables
from darkhar_cli.runs.run_folder import Run


def save_tables(
    run: Run,
    classes: Sequence[str],
    labels: Mapping[str, Any],
    folds: Sequence[tuple[int, int]],
    skipped: int,
) -> None:
    """Write all tables and the folds' facts from the finished folds; `skipped` counts broken clips left out."""
    predictions = run.collect(folds, "predictions.csv").sort_values(tables.KEYS, ignore_index=True)
    facts = {fold: run.fold_facts(*fold) for fold in folds}
    epochs = {fold: entry["epochs"] for fold, entry in facts.items()}
    run.save("predictions.csv", predictions)
    save_metrics(run, predictions, classes, labels, epochs, skipped)
    run.save("metrics/history.csv", run.collect(folds, "history.csv"))
    run.add_facts(folds=[facts[fold] for fold in folds])


def save_metrics(
    run: Run,
    predictions: pd.DataFrame,
    classes: Sequence[str],
    labels: Mapping[str, Any],
    epochs: Mapping[tuple[int, int], int],
    skipped: int,
) -> None:
    """Write every table that follows from predictions, sorted by `metrics.KEYS`, and the epochs trained."""
    table = tables.folds_table(predictions, classes, labels, epochs)
    run.save("metrics/folds.csv", table)
    run.save("metrics/summary.csv", summary.summary_table(predictions, table, classes).assign(skipped=skipped))
    run.save("metrics/brightness.csv", by_class.brightness_table(predictions))
    run.save("metrics/per_class.csv", by_class.per_class_table(predictions, classes))
    run.save("metrics/confusion.csv", by_class.confusion_table(predictions, classes))
