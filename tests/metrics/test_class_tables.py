"""Tables by class and by brightness, against scikit-learn; a clip counts once."""

import pandas as pd
import pytest
from sklearn import metrics as reference

from darkhar_cli.metrics import by_class
from tests.helpers.prediction_tables import CLASSES, drawn, table_of


@pytest.fixture
def predictions():
    return drawn()


def test_per_class_and_confusion_are_scikit_learns(predictions):
    validation = predictions[predictions["split"] == "validation"]
    table = by_class.per_class_table(predictions, CLASSES)
    assert list(table.columns) == ["split", "class", "n", "scorings", "precision", "recall", "f1"]
    report = reference.classification_report(
        validation["label"], validation["predicted"], labels=CLASSES, output_dict=True, zero_division=0
    )
    for _, row in table[table["split"] == "validation"].iterrows():
        expected = report[row["class"]]
        assert row["precision"] == pytest.approx(expected["precision"])
        assert row["recall"] == pytest.approx(expected["recall"])
        assert row["f1"] == pytest.approx(expected["f1-score"])
        assert row["n"] == row["scorings"] == expected["support"]
    confusion = by_class.confusion_table(predictions, CLASSES)
    assert list(confusion.columns) == ["split", "label", "n", "scorings", *CLASSES]
    counts = confusion[confusion["split"] == "validation"][CLASSES].to_numpy()
    expected = reference.confusion_matrix(validation["label"], validation["predicted"], labels=CLASSES)
    assert counts.tolist() == expected.tolist()
    assert counts.sum() == 30


def test_the_test_split_is_the_ensembles(predictions):
    per_class, confusion = (make(predictions, CLASSES) for make in (by_class.per_class_table, by_class.confusion_table))
    for table in (per_class, confusion):
        test = table[table["split"] == "test"]
        assert test["n"].sum() == test["scorings"].sum() == 8, "three folds score each"
    assert confusion.loc[confusion["split"] == "test", CLASSES].to_numpy().sum() == 8


def test_a_clip_that_several_folds_score_counts_once():
    often, names = table_of([True, True, False, True], classes=2, folds=10)
    rare, _ = table_of([True] * 4 + [False, False, True, True], classes=2)
    table = pd.concat([often, rare[~rare["id"].isin(often["id"])]])
    confusion = by_class.confusion_table(table, names)
    # v0, v2, v4, v6 are of c0: right, wrong, wrong, right; the others of c1: right, right, wrong, right
    assert confusion[names].to_numpy().tolist() == [[2, 2], [1, 3]]
    assert confusion[["n", "scorings"]].to_numpy().tolist() == [[4, 22], [4, 22]]
    per_class = by_class.per_class_table(table, names)
    assert per_class["recall"].tolist() == [0.5, 0.75]
    assert per_class["precision"].tolist() == pytest.approx([2 / 3, 3 / 5])
    assert per_class["f1"].tolist() == pytest.approx([4 / 7, 6 / 9])
    assert per_class[["n", "scorings"]].to_numpy().tolist() == [[4, 22], [4, 22]]


def test_a_clip_is_divided_among_what_its_folds_took_it_for():
    one, names = table_of([True], classes=3, folds=4)
    one["predicted"] = ["c0", "c0", "c1", "c2"]
    confusion = by_class.confusion_table(one, names)
    assert confusion[names].to_numpy().tolist() == [[0.5, 0.25, 0.25], [0, 0, 0], [0, 0, 0]]
    assert confusion[["n", "scorings"]].to_numpy().tolist() == [[1, 4], [0, 0], [0, 0]]
    per_class = by_class.per_class_table(one, names)
    assert per_class["recall"].tolist() == [0.5, 0, 0], "a class without clips has none, as before"
    assert per_class["f1"].tolist() == pytest.approx([1 / 1.5, 0, 0])


def test_brightness_bins_sum_to_all_clips():
    luma = [2.0] * 10 + [12.0] * 20 + [70.0] * 30
    table, _ = table_of([False] * 10 + [True] * 50, luma=luma)
    bins = by_class.brightness_table(table)
    assert bins["n"].sum() == 60
    assert bins.set_index("low").loc[0, "correct"] == 0
    assert bins.set_index("low").loc[[10, 60], "accuracy"].tolist() == [1.0, 1.0]
    assert by_class.brightness_table(table.drop(columns="luma")).empty


def test_brightness_goes_by_groups_else_by_backgrounds():
    right = [True] * 30 + [False] * 30
    names = [f"g{i // 5}" for i in range(60)]
    by_clip, by_group = (by_class.brightness_table(table_of(right, each)[0]) for each in (None, names))
    table, _ = table_of(right)
    by_scene = by_class.brightness_table(table.assign(scene=names))
    rows = [bins[bins["n"] > 0].iloc[0] for bins in (by_clip, by_group, by_scene)]
    widths = [row["upper"] - row["lower"] for row in rows]
    assert widths[0] < widths[1] == widths[2]
    assert [row["groups"] for row in rows] == [60, 12, 12]
    assert [row["interval"] for row in rows] == [
        "Wilson, clips taken as independent",
        "cluster-robust over 12 groups",
        "cluster-robust over 12 backgrounds, a lower bound on the width",
    ]
