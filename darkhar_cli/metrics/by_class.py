"""Tables by class and by brightness, every clip counted once however many folds scored it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from darkhar_cli.files.tables import column_of
from darkhar_cli.metrics import brightness, tables
from darkhar_cli.metrics.tables import SPLITS, TESTS


def times_predicted(part: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Return how often each clip is taken for each class, as shares of its scorings (N, K), clips in order of id."""
    counts = pd.crosstab(part["id"], part["predicted"]).reindex(columns=list(classes), fill_value=0).to_numpy(float)
    return counts / counts.sum(axis=1, keepdims=True)


def _confusions(predictions: pd.DataFrame, classes: Sequence[str]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return for each split clips by true and predicted class (K, K), and scorings by true class (K,).

    They are of the folds, and of the ensemble where a split is scored by all of them.
    """
    both = tables.ensemble(predictions, classes)
    counted = []
    for split in SPLITS:
        table = both if split in TESTS else predictions
        part = table[table["split"] == split]
        if len(part):
            labels = part.groupby("id")["label"].first()
            truth = (labels.to_numpy()[:, None] == np.array(classes, dtype=object)).astype(float)
            scorings = part["label"].value_counts().reindex(list(classes), fill_value=0).to_numpy()
            counted.append((split, truth.T @ times_predicted(part, classes), scorings))
    return counted


def per_class_table(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/per_class.csv: clips, scorings, precision, recall and F1 of each class (test: the ensemble's).

    A clip that several folds scored counts once, divided among what they took it for; what has no clip is 0.
    """
    rows = []
    for split, clips, scorings in _confusions(predictions, classes):
        hit, true, predicted = np.diag(clips), clips.sum(axis=1), clips.sum(axis=0)
        for name, n, *values in zip(classes, true, scorings, hit, predicted, strict=True):
            scored, right, taken = values
            precision, recall = (right / whole if whole else 0.0 for whole in (taken, n))
            f1 = 2 * right / (n + taken) if n + taken else 0.0
            rows.append((split, name, round(n), scored, precision, recall, f1))
    return pd.DataFrame(rows, columns=["split", "class", "n", "scorings", "precision", "recall", "f1"])


def confusion_table(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/confusion.csv: clips, a row per true class and a column per predicted one, and scorings.

    A clip that several folds scored counts once, divided among what they took it for. A class called like another
    column (`label`, `n`) has the column `class label` (`table_files.column_of`).
    """
    rows = []
    for split, clips, scorings in _confusions(predictions, classes):
        parts = zip(classes, clips.sum(axis=1), scorings, clips.tolist(), strict=True)
        rows += [(split, name, round(n), scored, *row) for name, n, scored, row in parts]
    return pd.DataFrame(rows, columns=["split", "label", "n", "scorings", *map(column_of, classes)])


def brightness_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return metrics/brightness.csv: accuracy by the clips' mean luma (empty where predictions carry none)."""
    parts = []
    for split in SPLITS:
        clips = tables.per_clip(predictions, split)
        if len(clips) and "luma" in clips:
            table = brightness.by_brightness(clips["luma"], clips["right"], tables.clusters(clips))
            parts.append(table.assign(split=split))
    columns = ["split", *brightness.COLUMNS]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
