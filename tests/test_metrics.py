"""Numbers from predictions, against scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from darkhar_cli import metrics

CLASSES = ["a", "b", "c"]
NAMES = ["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed"]
LABELS = dict(zip(NAMES, "duneLcs", strict=True))


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    rows = []
    for fold in range(3):
        clips = [("validation", f"v{fold}{i}") for i in range(10)] + [("test", f"t{i}") for i in range(8)]
        for split, name in clips:
            p = rng.dirichlet(np.ones(3))
            label = CLASSES[sum(map(ord, name)) % 3]
            predicted = CLASSES[p.argmax()]
            rows.append((split, 0, fold, name, "g", label, predicted, *p, "0 1"))
    columns = [*metrics.KEYS, "group", "label", "predicted", *(f"p_{c}" for c in CLASSES), "frames"]
    return pd.DataFrame(rows, columns=columns)


def test_scores_are_scikit_learns(predictions):
    got = metrics.score(predictions, CLASSES)
    truth, said = predictions["label"], predictions["predicted"]
    p = metrics.probabilities(predictions, CLASSES)
    assert got["n"] == len(predictions)
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(truth, said))
    assert got["correct"] == reference.accuracy_score(truth, said, normalize=False)
    assert got["recall_macro"] == pytest.approx(reference.balanced_accuracy_score(truth, said))
    assert got["loss"] == pytest.approx(reference.log_loss(truth, p, labels=CLASSES))


def test_a_wrong_and_certain_prediction_has_a_finite_loss(predictions):
    one = predictions.iloc[:1].assign(label="a", predicted="b", p_a=0.0, p_b=1.0, p_c=0.0)
    assert metrics.score(one, CLASSES)["loss"] == pytest.approx(-np.log(metrics.LEAST_P))


def test_folds_table_has_its_columns_and_rows(predictions):
    table = metrics.folds_table(predictions, CLASSES, LABELS, {(0, k): 5 + k for k in range(3)})
    assert list(table.columns) == [
        "dataset",
        "sampler",
        "enhance",
        "extractor",
        "classifier",
        "cv",
        "seed",
        "repeat",
        "fold",
        "split",
        "n",
        "correct",
        "accuracy",
        "recall_macro",
        "loss",
        "epochs",
    ]
    assert table[["split", "fold"]].to_numpy().tolist() == [
        *[["validation", k] for k in range(3)],
        *[["test", k] for k in range(3)],
        ["test", "ensemble"],
    ]
    assert table["n"].tolist() == [10, 10, 10, 8, 8, 8, 8]
    assert table["epochs"].tolist() == [5, 6, 7, 5, 6, 7, ""]


def test_the_ensemble_averages_probabilities(predictions):
    averaged = metrics.ensemble(predictions, CLASSES).set_index("id")
    test = predictions[predictions["split"] == "test"]
    for name, part in test.groupby("id"):
        mean = part[["p_a", "p_b", "p_c"]].to_numpy().mean(axis=0)
        np.testing.assert_allclose(averaged.loc[name, ["p_a", "p_b", "p_c"]].to_numpy(float), mean)
        assert averaged.loc[name, "predicted"] == CLASSES[mean.argmax()]


def test_summary_pools_the_validation_clips(predictions):
    folds = metrics.folds_table(predictions, CLASSES, LABELS, {})
    summary = metrics.summary_table(predictions, folds, CLASSES)
    validation = predictions[predictions["split"] == "validation"]
    first = summary.iloc[0]
    assert (first["split"], first["n"], first["folds"]) == ("validation", 30, 3)
    assert first["accuracy"] == pytest.approx((validation["label"] == validation["predicted"]).mean())
    assert first["chance"] == pytest.approx(1 / 3)
    assert first["largest_class"] == pytest.approx(validation["label"].value_counts(normalize=True).max())
    single = folds[folds["split"] == "validation"]["accuracy"]
    assert first["accuracy_sd"] == pytest.approx(single.std())
    recalls = [
        reference.balanced_accuracy_score(part["label"], part["predicted"]) for _, part in validation.groupby("fold")
    ]
    assert first["recall_folds"] == pytest.approx(np.mean(recalls))
    assert first["recall_macro_sd"] == pytest.approx(np.std(recalls, ddof=1))
    assert summary.iloc[2][["accuracy_sd", "recall_folds", "recall_macro_sd"]].tolist() == [""] * 3, "an ensemble"
    assert summary[["split", "of"]].to_numpy().tolist() == [
        ["validation", "folds"],
        ["test", "folds"],
        ["test", "ensemble"],
    ]


def test_per_class_and_confusion_are_scikit_learns(predictions):
    validation = predictions[predictions["split"] == "validation"]
    table = metrics.per_class_table(predictions, CLASSES)
    report = reference.classification_report(
        validation["label"], validation["predicted"], labels=CLASSES, output_dict=True, zero_division=0
    )
    for _, row in table[table["split"] == "validation"].iterrows():
        assert row["precision"] == pytest.approx(report[row["class"]]["precision"])
        assert row["f1"] == pytest.approx(report[row["class"]]["f1-score"])
    confusion = metrics.confusion_table(predictions, CLASSES)
    counts = confusion[confusion["split"] == "validation"][CLASSES].to_numpy()
    np.testing.assert_array_equal(
        counts, reference.confusion_matrix(validation["label"], validation["predicted"], labels=CLASSES)
    )
    assert counts.sum() == 30


def table_of(right, groups=None, split="validation", folds=1, luma=None, classes=6):
    """Return predictions of len(right) clips: where `right`, the label's own class has most probability."""
    names = [f"c{i}" for i in range(classes)]
    rows = []
    for fold in range(folds):
        for i, hit in enumerate(right):
            label = names[i % classes]
            p = np.full(classes, 0.1 / (classes - 1))
            said = i % classes if hit else (i + 1) % classes
            p[said] = 0.9
            group = groups[i] if groups is not None else ""
            rows.append((split, 0, fold, f"v{i}", group, label, names[said], *p, "0", luma[i] if luma else 16.0))
    columns = [*metrics.KEYS, "group", "label", "predicted", *(f"p_{c}" for c in names), "frames", "luma"]
    return pd.DataFrame(rows, columns=columns), names


def summary_of(*args, **kwargs):
    table, names = table_of(*args, **kwargs)
    folds = metrics.folds_table(table, names, LABELS, {})
    return metrics.summary_table(table, folds, names).iloc[0]


def test_14_of_96_has_its_interval_and_chance():
    row = summary_of([True] * 14 + [False] * 82)
    assert (row["n"], row["correct"]) == (96, 14)
    assert round(100 * row["accuracy"], 1) == 14.6
    assert (round(100 * row["lower"], 1), round(100 * row["upper"], 1)) == (8.9, 23.0)
    assert round(100 * row["chance"], 1) == 16.7
    assert row["interval"] == "Wilson, clips independent"
    assert row["group_accuracy"] == ""


def test_with_groups_the_interval_is_over_them():
    right = ([True] * 8 + [False] * 2) * 3 + [False] * 30
    groups = [f"g{i // 10}" for i in range(60)]
    row = summary_of(right, groups)
    assert row["interval"] == "t over 6 groups"
    assert row["group_accuracy"] == pytest.approx(0.4)
    assert row["upper"] - row["lower"] > row["wilson_upper"] - row["wilson_lower"]


def test_a_clip_that_several_folds_score_counts_once():
    right = [True] * 10 + [False] * 20
    once, thrice = summary_of(right), summary_of(right, folds=3)
    for key in ("n", "correct", "accuracy", "lower", "upper", "recall_macro", "loss", "top_2", "calibration_error"):
        assert thrice[key] == pytest.approx(once[key]), key


def test_top_k_and_calibration():
    row = summary_of([True] * 30 + [False] * 30)
    assert row["top_2"] >= row["accuracy"]
    assert row["calibration_error"] == pytest.approx(0.4)
    assert summary_of([True] * 4, classes=2)["top_2"] == ""


def test_brightness_bins_sum_to_all_clips():
    luma = [2.0] * 10 + [12.0] * 20 + [70.0] * 30
    table, _ = table_of([False] * 10 + [True] * 50, luma=luma)
    bins = metrics.brightness_table(table)
    assert bins["n"].sum() == 60
    assert bins.set_index("low").loc[0, "correct"] == 0
    assert bins.set_index("low").loc[[10, 60], "accuracy"].tolist() == [1.0, 1.0]
    assert metrics.brightness_table(table.drop(columns="luma")).empty


def test_a_clip_scored_ten_times_weighs_no_more_than_one_scored_once():
    once, names = table_of([True], classes=3)
    often, _ = table_of([False, False], classes=3, folds=10)
    table = pd.concat([once, often[often["id"] == "v1"]])
    row = metrics.summary_table(table, metrics.folds_table(table, names, LABELS, {}), names).iloc[0]
    assert row["n"] == 2
    assert row["accuracy"] == 0.5
    assert row["top_2"] == pytest.approx(0.5)
    assert row["calibration_error"] == pytest.approx(0.4)
