"""metrics/summary.csv: every number beside its own interval, clips counted once."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from darkhar_cli.metrics import statistics, summary, tables
from tests.helpers.prediction_tables import CLASSES, LABELS, drawn, table_of


def summary_of(table, names):
    return summary.summary_table(table, tables.folds_table(table, names, LABELS, {}), names)


def row_of(*args, **kwargs):
    return summary_of(*table_of(*args, **kwargs)).iloc[0]


def test_summary_pools_the_validation_clips():
    predictions = drawn()
    table = summary_of(predictions, CLASSES)
    validation = predictions[predictions["split"] == "validation"]
    truth, said = validation["label"], validation["predicted"]
    first = table.iloc[0]
    assert (first["split"], first["n"], first["folds"]) == ("validation", 30, 3)
    assert first["accuracy"] == pytest.approx((truth == said).mean())
    assert first["recall_macro"] == pytest.approx(reference.balanced_accuracy_score(truth, said))
    assert first["f1_macro"] == pytest.approx(reference.f1_score(truth, said, average="macro"))
    assert first["chance"] == pytest.approx(1 / 3)
    assert first["largest_class"] == pytest.approx(truth.value_counts(normalize=True).max())
    recalls = [
        reference.balanced_accuracy_score(part["label"], part["predicted"]) for _, part in validation.groupby("fold")
    ]
    assert first["recall_folds"] == pytest.approx(np.mean(recalls))
    over_folds = ["recall_folds", "recall_folds_lower", "recall_folds_upper"]
    assert table.iloc[2][over_folds].tolist() == [""] * 3, "an ensemble"
    assert table[["split", "of"]].to_numpy().tolist() == [
        ["validation", "folds"],
        ["test", "folds"],
        ["test", "ensemble"],
    ]


def test_its_columns():
    table, names = table_of([True] * 30 + [False] * 30)
    assert list(summary_of(table, names).columns) == [
        *LABELS,
        *("split", "folds", "of", "n", "correct", "accuracy", "lower", "upper", "interval", "groups"),
        *("recall_macro", "recall_lower", "recall_upper"),
        *("f1_macro", "f1_lower", "f1_upper", "top_2", "top_5", "loss", "calibration_error", "chance"),
        *("largest_class", "recall_folds", "recall_folds_lower", "recall_folds_upper"),
    ]


def test_no_number_of_it_is_a_spread_over_folds():
    table = summary_of(drawn(), CLASSES)
    assert not [name for name in table if name.endswith("_sd") or "group_accuracy" in name]


def test_14_of_96_has_its_interval_and_chance():
    row = row_of([True] * 14 + [False] * 82)
    assert (row["n"], row["correct"]) == (96, 14)
    assert round(100 * row["accuracy"], 1) == 14.6
    assert (round(100 * row["lower"], 1), round(100 * row["upper"], 1)) == (8.9, 23.0)
    assert round(100 * row["chance"], 1) == 16.7
    assert row["interval"] == "clips taken as independent (share of clips: Wilson)"
    assert row["groups"] == 96


RIGHT = ([True] * 8 + [False] * 2) * 3 + [False] * 30
GROUPS = [f"g{i // 10}" for i in range(60)]


def test_with_groups_every_interval_is_over_them_and_of_its_number():
    row = row_of(RIGHT, GROUPS)
    assert (row["interval"], row["groups"]) == ("cluster-robust over 6 groups", 6)
    assert row["upper"] - row["lower"] > np.diff(statistics.wilson(24, 60))[0]
    labels = [f"c{i % 6}" for i in range(60)]
    share, recall = statistics.share_interval(RIGHT, GROUPS), statistics.recall_interval(RIGHT, labels, GROUPS)
    assert row[["accuracy", "lower", "upper"]].tolist() == pytest.approx([share.value, share.low, share.high])
    found = row[["recall_macro", "recall_lower", "recall_upper"]].tolist()
    assert found == pytest.approx([recall.value, recall.low, recall.high])
    for name in ("lower", "recall_lower", "f1_lower", "recall_folds_lower"):
        assert 0 < row[name] < 0.4 < row[name.replace("lower", "upper")] < 1, name


def test_without_groups_backgrounds_are_the_clusters():
    table, names = table_of(RIGHT)
    alone, row = (summary_of(each, names).iloc[0] for each in (table, table.assign(scene=GROUPS)))
    assert row["interval"] == "cluster-robust over 6 backgrounds, a lower bound on the width"
    assert row["groups"] == 6
    for low, high in (("lower", "upper"), ("recall_lower", "recall_upper"), ("f1_lower", "f1_upper")):
        assert row[high] - row[low] > alone[high] - alone[low]
    known, _ = table_of(RIGHT, [f"h{i // 5}" for i in range(60)])
    assert summary_of(known.assign(scene=GROUPS), names).iloc[0]["groups"] == 12, "groups come first"


def test_four_groups_are_too_few():
    row = row_of([True] * 20 + [False] * 20, [f"g{i // 10}" for i in range(40)])
    assert (row["interval"], row["groups"]) == ("too few groups for an interval (4)", 4)
    ends = [name for name in row.index if name.endswith(("lower", "upper"))]
    assert len(ends) == 8
    assert row[ends].isna().all()
    assert (row["n"], row["correct"]) == (40, 20)


def test_the_interval_is_said_of_the_headline_number_and_of_the_share_where_that_differs():
    groups = [f"g{i // 3}" for i in range(30)]
    right = [i % 2 == 0 for i in range(30)]  # of each class all are alike, but groups hold more of one or the other
    row = row_of(right, groups, classes=2)
    assert row["interval"] == "cluster-robust over 10 groups, all equal (share of clips: cluster-robust over 10 groups)"
    assert row_of([True] * 30, groups)["interval"] == "cluster-robust over 10 groups, all equal"


def test_four_clips_are_as_few_as_four_groups():
    row = row_of([True, True, False, True], classes=2)
    assert (row["interval"], row["groups"]) == ("too few clips for an interval (4)", 4)
    assert row[[name for name in row.index if name.endswith(("lower", "upper"))]].isna().all()
    assert not row_of([True] * 5, classes=2)[["lower", "recall_lower"]].isna().any()


def test_one_group_of_every_class_a_fold_has_an_interval_over_folds():
    labels = np.repeat(["c0", "c1", "c2"], 20)
    groups = np.array([f"{label}_{i // 5 % 4}" for i, label in enumerate(labels)])  # four of each class
    rng = np.random.default_rng(0)
    parts = []
    for fold in range(8):
        inside = np.isin(groups, [f"c{k}_{rng.integers(4)}" for k in range(3)])
        right = rng.random(inside.sum()) < 0.5 + 0.1 * rng.integers(0, 4)
        said = np.where(right, labels[inside], np.where(labels[inside] == "c0", "c1", "c0"))
        about = {"split": "validation", "repeat": 0, "fold": fold, "id": np.flatnonzero(inside).astype(str)}
        about |= {"group": groups[inside], "label": labels[inside], "predicted": said, "frames": "0"}
        parts.append(pd.DataFrame(about | {f"p_{name}": 1 / 3 for name in ("c0", "c1", "c2")}))
    table = pd.concat(parts)
    row = summary_of(table, ["c0", "c1", "c2"]).iloc[0]
    recalls = [
        part.groupby("label")["right"].mean().mean()
        for _, part in table.assign(right=table["label"] == table["predicted"]).groupby("fold")
    ]
    assert row["recall_folds"] == pytest.approx(np.mean(recalls))
    assert row["recall_folds_lower"] < np.mean(recalls) < row["recall_folds_upper"]


def test_a_clip_that_several_folds_score_counts_once():
    right = [True] * 10 + [False] * 20
    once, thrice = row_of(right), row_of(right, folds=3)
    names = ["n", "correct", "accuracy", "lower", "upper", "recall_macro", "recall_lower", "recall_upper", "f1_macro"]
    names += ["f1_lower", "recall_folds", "recall_folds_lower", "recall_folds_upper", "loss", "top_2", "groups"]
    for key in (*names, "calibration_error"):
        assert thrice[key] == pytest.approx(once[key]), key


def test_top_k_and_calibration():
    row = row_of([True] * 30 + [False] * 30)
    assert row["top_2"] >= row["accuracy"]
    assert row["calibration_error"] == pytest.approx(0.4)
    assert row_of([True] * 4, classes=2)["top_2"] == ""


def test_a_clip_scored_ten_times_weighs_no_more_than_one_scored_once():
    once, names = table_of([True], classes=3)
    often, _ = table_of([False, False], classes=3, folds=10)
    row = summary_of(pd.concat([once, often[often["id"] == "v1"]]), names).iloc[0]
    assert row["n"] == 2
    assert row["accuracy"] == 0.5
    assert row["top_2"] == pytest.approx(0.5)
    assert row["calibration_error"] == pytest.approx(0.4)
