"""metrics/summary.csv: each split's clips together, every number with the interval of that number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.labels import ROW_LABELS
from darkhar_cli.metrics import calibration, chance, statistics, tables
from darkhar_cli.metrics.by_class import times_predicted
from darkhar_cli.metrics.tables import ENSEMBLE, LEAST_P, SPLITS, TESTS


def summary_table(predictions: pd.DataFrame, folds: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return metrics/summary.csv: each split's clips, every clip counted once however many folds scored it.

    A row for the folds and, of the test split, one for their ensemble. 95 % intervals of the share of right clips
    (`accuracy`: `lower`, `upper`), of the mean of the classes' recalls (`recall_macro`) and F1 (`f1_macro`), and of
    the mean of the folds' own `recall_macro` (`recall_folds`). `interval` says what that of `recall_macro` rests
    on, and that of `accuracy` where it is another; `groups` how many groups, backgrounds or clips that are. `chance` is
    1 / K (but where the folds make it less: module `chance`), `largest_class` what naming the commonest would score.
    """
    rows = []
    for split in SPLITS:
        part = predictions[predictions["split"] == split]
        if part.empty:
            continue
        number = int(((folds["split"] == split) & (folds["fold"] != ENSEMBLE)).sum())
        head = {"split": split, "folds": number}
        over_folds = _over_folds(part, split)
        rows.append({**head, "of": "folds", **_clip_scores(part, split, classes), **over_folds})
        if split in TESTS:
            both = _clip_scores(tables.ensemble(part, classes), split, classes)
            rows.append({**head, "of": ENSEMBLE, **both, **dict.fromkeys(over_folds, "")})
    return chance.settled(folds.iloc[:1][list(ROW_LABELS)].merge(pd.DataFrame(rows), how="cross"), predictions)


def _named(name: str, interval: statistics.Interval) -> dict[str, float]:
    """Return a number and the ends of its interval as columns."""
    prefix = name.removesuffix("_macro")
    return {name: interval.value, f"{prefix}_lower": interval.low, f"{prefix}_upper": interval.high}


def _over_folds(part: pd.DataFrame, split: str) -> dict[str, float]:
    """Return the mean of the folds' macro recalls of a split's predictions, and its interval."""
    clips = tables.per_clip(part, split)
    by = tables.clusters(clips).of(clips["id"].searchsorted(part["id"]))
    folds = part.groupby(["repeat", "fold"]).ngroup()
    right = part["predicted"] == part["label"]
    return _named("recall_folds", statistics.fold_recall_interval(right, part["label"], folds, by))


def _clip_scores(part: pd.DataFrame, split: str, classes: Sequence[str]) -> dict[str, Any]:
    """Return one row's numbers of the predictions of a split."""
    clips = tables.per_clip(part, split)
    right, by = clips["right"].to_numpy(), tables.clusters(clips)
    place = {name: i for i, name in enumerate(classes)}
    share, recall = statistics.share_interval(right, by), statistics.recall_interval(right, clips["label"], by)
    f1 = statistics.f1_interval(times_predicted(part, classes), clips["label"].map(place), by)
    return {
        "n": len(clips),
        "correct": right.sum(),
        "accuracy": share.value,
        "lower": share.low,
        "upper": share.high,
        "interval": statistics.basis(recall, share),
        "groups": recall.groups,
        **_named("recall_macro", recall),
        **_named("f1_macro", f1),
        **_probabilities(part, classes),
        "chance": 1 / len(classes),
        "largest_class": clips["label"].value_counts(normalize=True).max(),
    }


def _probabilities(part: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any]:
    """Return what a split's probabilities are worth, a clip counting once: top-k, loss, calibration error."""
    p, truth = tables.probabilities(part, classes), part["label"].map({name: i for i, name in enumerate(classes)})
    truth, weight = truth.to_numpy(), 1 / part.groupby("id")["id"].transform("size").to_numpy()
    losses = -np.log(np.maximum(p[np.arange(len(truth)), truth], LEAST_P))
    return {
        **{f"top_{k}": calibration.top_k(p, truth, k, weight) if k < len(classes) else "" for k in (2, 5)},
        "loss": (losses * weight).sum() / weight.sum(),
        "calibration_error": calibration.calibration_error(p, truth, weights=weight),
    }
