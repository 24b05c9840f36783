"""Numbers from predictions, against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from darkhar_cli.metrics import tables
from tests.helpers.prediction_tables import CLASSES, LABELS, drawn, table_of


@pytest.fixture
def predictions():
    return drawn()


def test_scores_are_scikit_learns(predictions):
    got = tables.score(predictions, CLASSES)
    truth, said = predictions["label"], predictions["predicted"]
    p = tables.probabilities(predictions, CLASSES)
    assert got["n"] == len(predictions)
    assert got["accuracy"] == pytest.approx(reference.accuracy_score(truth, said))
    assert got["correct"] == reference.accuracy_score(truth, said, normalize=False)
    assert got["recall_macro"] == pytest.approx(reference.balanced_accuracy_score(truth, said))
    assert got["loss"] == pytest.approx(reference.log_loss(truth, p, labels=CLASSES))


def test_a_wrong_and_certain_prediction_has_a_finite_loss(predictions):
    one = predictions.iloc[:1].assign(label="a", predicted="b", p_a=0.0, p_b=1.0, p_c=0.0)
    assert tables.score(one, CLASSES)["loss"] == pytest.approx(-np.log(tables.LEAST_P))


def test_folds_table_has_its_columns_and_rows(predictions):
    table = tables.folds_table(predictions, CLASSES, LABELS, {(0, k): 5 + k for k in range(3)})
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
    averaged = tables.ensemble(predictions, CLASSES).set_index("id")
    test = predictions[predictions["split"] == "test"]
    for name, part in test.groupby("id"):
        mean = part[["p_a", "p_b", "p_c"]].to_numpy().mean(axis=0)
        np.testing.assert_allclose(averaged.loc[name, ["p_a", "p_b", "p_c"]].to_numpy(float), mean)
        assert averaged.loc[name, "predicted"] == CLASSES[mean.argmax()]


def test_clips_keep_their_groups_and_backgrounds(predictions):
    told = predictions.assign(scene=["s" + name[-1] for name in predictions["id"]])
    for table in (tables.per_clip(told, "test"), tables.ensemble(told, CLASSES)):
        assert table["scene"].tolist() == ["s" + name[-1] for name in table["id"]]
    assert "scene" not in tables.per_clip(predictions, "test")


def test_clusters_are_groups_else_backgrounds_else_clips():
    clips = tables.per_clip(table_of([True] * 30, ["g"] * 30)[0], "validation")
    scenes = clips.assign(scene=["x", "y", ""] * 10)
    assert tables.clusters(scenes).words == "1 group"
    assert tables.clusters(scenes.assign(group="")).words == "12 backgrounds", "a clip of none known is its own"
    assert tables.clusters(scenes.assign(group="", scene="")).words == "30 clips"
    assert tables.clusters(clips.assign(group="")).words == "30 clips"
