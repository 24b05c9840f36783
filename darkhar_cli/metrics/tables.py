"""Numbers from predictions: every table of a run can be recomputed from predictions.csv."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.metrics import statistics

KEYS = ["split", "repeat", "fold", "id"]
# A fold's own clips and those made darker; the official held-out clips, likewise: all folds score these.
SPLITS = ("validation", "darkened", "background", "test", "test_darkened", "test_background")
TESTS = ("test", "test_darkened", "test_background")
ENSEMBLE = "ensemble"
LEAST_P = 1e-9  # keeps the loss of a wrong and certain prediction finite


def probabilities(predictions: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """Return the class probabilities (N, K) of a predictions table."""
    return predictions[[f"p_{name}" for name in classes]].to_numpy(float)


def score(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """Return n, correct, accuracy, recall_macro (mean over the classes that occur) and loss (nats per clip)."""
    truth = predictions["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
    right = (predictions["predicted"] == predictions["label"]).to_numpy()
    p_truth = probabilities(predictions, classes)[np.arange(len(truth)), truth]
    recalls = [right[truth == k].mean() for k in np.unique(truth)]
    return {
        "n": len(truth),
        "correct": int(right.sum()),
        "accuracy": float(right.mean()),
        "recall_macro": float(np.mean(recalls)),
        "loss": float(-np.log(np.maximum(p_truth, LEAST_P)).mean()),
    }


def per_clip(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return a row per clip of a split, by id: id, group, label, scene, luma, right (its mean over folds and repeats).

    `scene` and `luma` are there where the predictions have them.
    """
    part = predictions[predictions["split"] == split]
    part = part.assign(right=(part["predicted"] == part["label"]).astype(float))
    kept = [name for name in ("group", "label", "scene", "luma") if name in part]
    return part.groupby("id", as_index=False).agg({**dict.fromkeys(kept, "first"), "right": "mean"})


def clusters(clips: pd.DataFrame) -> statistics.Clusters:
    """Return the clusters of clips (rows of `per_clip`): groups, else backgrounds, else each clip."""
    return statistics.clusters(len(clips), clips["group"], clips.get("scene"))


def ensemble(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the predictions of held-out clips averaged over all folds: a row per repeat and clip, `fold=ensemble`."""
    test = predictions[predictions["split"].isin(TESTS)]
    names = [f"p_{name}" for name in classes]
    kept = [name for name in ("group", "label", "scene") if name in test]
    rest = test.groupby(["split", "repeat", "id"], as_index=False)[kept].first()
    mean = test.groupby(["split", "repeat", "id"], as_index=False)[names].mean()
    joined = rest.merge(mean, on=["split", "repeat", "id"])
    joined["predicted"] = [classes[i] for i in joined[names].to_numpy(float).argmax(axis=1)]
    return joined.assign(fold=ENSEMBLE)


def folds_table(
    predictions: pd.DataFrame,
    classes: Sequence[str],
    labels: Mapping[str, Any],
    epochs: Mapping[tuple[int, int], int],
) -> pd.DataFrame:
    """Return metrics/folds.csv.

    Args:
        predictions: the run's predictions table.
        classes: class names in label order.
        labels: the row labels: dataset, sampler, enhance, extractor, classifier, cv, seed.
        epochs: epochs trained by (repeat, fold).
    """
    rows = []
    for (split, repeat, fold), part in predictions.groupby(["split", "repeat", "fold"]):
        head = {"repeat": repeat, "fold": fold, "split": split, "epochs": epochs.get((repeat, fold), "")}
        rows.append({**labels, **head, **score(part, classes)})
    for (split, repeat), part in ensemble(predictions, classes).groupby(["split", "repeat"]):
        head = {"repeat": repeat, "fold": ENSEMBLE, "split": split, "epochs": ""}
        rows.append({**labels, **head, **score(part, classes)})
    order = ["n", "correct", "accuracy", "recall_macro", "loss", "epochs"]
    table = pd.DataFrame(rows, columns=[*labels, "repeat", "fold", "split", *order])
    rank = table["split"].map({split: i for i, split in enumerate(SPLITS)})
    return table.assign(_rank=rank).sort_values(["_rank", "repeat"], kind="stable").drop(columns="_rank")
