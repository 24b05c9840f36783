"""Numbers from predictions: every table of a run can be recomputed from predictions.csv."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli import chance, stats

KEYS = ["split", "repeat", "fold", "id"]
# A fold's own clips and those made darker; the official held-out clips, likewise: all folds score these.
SPLITS = ("validation", "darkened", "test", "test_darkened")
TESTS = ("test", "test_darkened")
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
    """Return a row per clip of a split, by id: id, group, label, luma, right (its mean over folds and repeats)."""
    part = predictions[predictions["split"] == split]
    part = part.assign(right=(part["predicted"] == part["label"]).astype(float))
    kept = [name for name in ("group", "label", "luma") if name in part]
    return part.groupby("id", as_index=False).agg({**dict.fromkeys(kept, "first"), "right": "mean"})


def ensemble(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the predictions of held-out clips averaged over all folds: a row per repeat and clip, `fold=ensemble`."""
    test = predictions[predictions["split"].isin(TESTS)]
    names = [f"p_{name}" for name in classes]
    rest = test.groupby(["split", "repeat", "id"], as_index=False)[["group", "label"]].first()
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


def summary_table(predictions: pd.DataFrame, folds: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/summary.csv: each split's clips, every clip counted once however many folds scored it.

    A row for the folds and, of the test split, one for their ensemble. `lower` to `upper` is the 95 % interval that
    `interval` names, about `group_accuracy` where it is over groups; `wilson_*` takes clips for independent. `chance`
    is 1 / K (but where the scheme makes it less: module `chance`), `largest_class` what naming the commonest class
    would score, `recall_folds` the mean of the folds' own `recall_macro`, `*_sd` their standard deviations over folds.
    """
    rows = []
    for split in SPLITS:
        part = predictions[predictions["split"] == split]
        single = folds[(folds["split"] == split) & (folds["fold"] != ENSEMBLE)]
        if part.empty:
            continue
        spread = {f"{key}_sd": single[key].std() if len(single) > 1 else "" for key in ("accuracy", "recall_macro")}
        spread = {"recall_folds": single["recall_macro"].mean(), **spread}
        head = {"split": split, "folds": len(single)}
        rows.append({**head, "of": "folds", **_clip_scores(part, split, classes), **spread})
        if split in TESTS:
            both = _clip_scores(ensemble(part, classes), split, classes)
            rows.append({**head, "of": ENSEMBLE, **both, **dict.fromkeys(spread, "")})
    labels = folds.iloc[:1][["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed"]]
    return chance.settled(labels.merge(pd.DataFrame(rows), how="cross"), predictions)


def _clip_scores(part: pd.DataFrame, split: str, classes: Sequence[str]) -> dict[str, Any]:
    """Return one row's numbers of the predictions of a split."""
    clips = per_clip(part, split)
    right, groups = clips["right"].to_numpy(), clips["group"].tolist()
    low, high, how = stats.interval(right, groups)
    wilson_low, wilson_high = stats.wilson(right.sum(), len(right))
    p, truth = probabilities(part, classes), part["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
    weight = 1 / part.groupby("id")["id"].transform("size").to_numpy()  # a clip scored twice counts once
    losses = -np.log(np.maximum(p[np.arange(len(truth)), truth], LEAST_P))
    best = {f"top_{k}": stats.top_k(p, truth, k, weight) if k < len(classes) else "" for k in (2, 5)}
    known = clips.assign(group=[group or f"clip {i}" for i, group in enumerate(groups)])
    return {
        "n": len(clips),
        "correct": right.sum(),
        "accuracy": right.mean(),
        "lower": low,
        "upper": high,
        "interval": how,
        "group_accuracy": known.groupby("group")["right"].mean().mean() if any(groups) else "",
        "wilson_lower": wilson_low,
        "wilson_upper": wilson_high,
        "recall_macro": clips.groupby("label")["right"].mean().mean(),
        **best,
        "loss": (losses * weight).sum() / weight.sum(),
        "calibration_error": stats.calibration_error(p, truth, weights=weight),
        "chance": 1 / len(classes),
        "largest_class": clips["label"].value_counts(normalize=True).max(),
    }


def brightness_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return metrics/brightness.csv: accuracy by the clips' mean luma (empty where predictions carry none)."""
    parts = []
    for split in SPLITS:
        clips = per_clip(predictions, split)
        if len(clips) and "luma" in clips:
            parts.append(stats.by_brightness(clips["luma"], clips["right"]).assign(split=split))
    columns = ["split", "low", "high", "n", "correct", "accuracy", "lower", "upper"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)


def _parts(predictions: pd.DataFrame, classes: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the clips each table is about: all scorings of a fold's own clips, and the ensemble's of held-out ones."""
    both = ensemble(predictions, classes)
    found = []
    for split in SPLITS:
        table = both if split in TESTS else predictions
        found.append((split, table[table["split"] == split]))
    return [(split, part) for split, part in found if len(part)]


def per_class_table(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/per_class.csv: precision, recall, F1 of each class over all scorings (test: the ensemble's)."""
    from sklearn.metrics import precision_recall_fscore_support

    rows = []
    for split, part in _parts(predictions, classes):
        values = precision_recall_fscore_support(
            part["label"], part["predicted"], labels=list(classes), zero_division=0
        )
        for name, precision, recall, f1, n in zip(classes, *values, strict=True):
            rows.append((split, name, n, precision, recall, f1))
    return pd.DataFrame(rows, columns=["split", "class", "n", "precision", "recall", "f1"])


def confusion_table(predictions: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/confusion.csv: counts of scorings, a row per true class and a column per predicted one."""
    from sklearn.metrics import confusion_matrix

    rows = []
    for split, part in _parts(predictions, classes):
        counts = confusion_matrix(part["label"], part["predicted"], labels=list(classes))
        rows += [(split, name, *row) for name, row in zip(classes, counts.tolist(), strict=True)]
    return pd.DataFrame(rows, columns=["split", "label", *classes])
