"""What a fold is fitted to: labels, class weights, balanced batches, statistics of the rows given."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from darkhar_cli.randomness import SCORING
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.train_step import balanced_weights
from tests.helpers.trainers import lively_mobilenet, session_of, trainer_maker


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    return lively_mobilenet(tmp_path_factory.mktemp("lively"))


@pytest.fixture
def trainer(tmp_path, clips, lively):
    return trainer_maker(tmp_path, clips, lively)


def inputs_of(made):
    return made.streams[0].inputs()


def test_balanced_weights_are_scikit_learns():
    labels = [0, 0, 0, 3, 3, 1]
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=np.array(labels))
    np.testing.assert_allclose(balanced_weights(labels, 5)[[0, 1, 3]], expected)
    assert balanced_weights(labels, 5)[labels].mean() == pytest.approx(1)


@pytest.mark.parametrize("mode", ["features", "end_to_end"])
def test_rare_classes_weigh_as_much_as_others_where_asked(trainer, clips, mode):
    rows = [row for row in clips.rows("train") if clips.table.at[row, "label"] != "stay"]
    rows += [row for row in clips.rows("train") if clips.table.at[row, "label"] == "stay"][:1]
    given = {}
    for asked in ("none", "balanced"):
        made = trainer(mode=mode, class_weight=asked)
        session = session_of(made, rows)
        session.prepare_heads()
        train = session.model.train
        session.model.train = lambda batches, size, weights, asked=asked, train=train: (
            given.setdefault(asked, weights),
            train(batches, size, weights),
        )[1]
        session.train_epoch(0)
    assert given["none"] is None
    counts = np.bincount(clips.labels(rows), minlength=3)
    np.testing.assert_allclose(given["balanced"] * counts, len(rows) / 3)


def test_class_weights_reach_solved_heads(trainer, clips):
    rows, weights = clips.rows("train")[:9], {}
    for asked in ("none", "balanced"):
        made = trainer(sampler="uniform", classifier=("linear", {"l2": 0.1, "solver": "lbfgs"}), class_weight=asked)
        session = session_of(made, rows)
        session.prepare_heads()
        weights[asked] = session.model.model.get_layer("logits").get_weights()[0]
    assert len(set(np.bincount(clips.labels(rows)))) > 1, "a class is rarer"
    assert not np.allclose(weights["none"], weights["balanced"], rtol=1e-3)


@pytest.mark.parametrize("mode", ["features", "end_to_end"])
def test_balanced_batches_hold_every_class(trainer, clips, mode):
    made, labels, shown = trainer(mode=mode, balanced_batches=True), clips.labels(clips.table.index), []
    session = session_of(made, clips.rows("train"))
    train = session.model.train

    def spy(batches, size, weights):
        batches = list(batches)
        shown.append(np.concatenate([labels for _, labels in batches]).tolist())
        return train(batches, size, weights)

    session.model.train = spy
    for epoch in (0, 1, 0):
        session.train_epoch(epoch)
    size = 2 * 3
    for order in shown:
        assert sorted(order) == sorted(labels)
        for start in range(0, len(order), size):
            assert np.bincount(order[start : start + size]).tolist() == [2, 2, 2]
    assert shown[0] == shown[2] != shown[1]


def test_shuffled_labels_are_the_training_clips_own_in_another_order(trainer, clips):
    fold = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0).folds[0]
    true = clips.labels(clips.table.index)
    plain, shuffled = (FoldSession(trainer(shuffle_labels=how), fold) for how in ("none", "clips"))
    assert plain.labels == dict(enumerate(true))
    assert [shuffled.labels[row] for row in fold.validation] == [true[row] for row in fold.validation]
    ours, theirs = ([labels[row] for row in fold.train] for labels in (shuffled.labels, true))
    assert clips.labels(clips.table.index) == true, "the table's own labels stay"
    assert ours != theirs
    assert sorted(ours) == sorted(theirs)


def test_statistics_are_taken_of_the_rows_to_fit_alone(trainer, clips):
    made = trainer(sampler="uniform", classifier=("linear", {"l2": 0.01}))
    plan = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0)
    means = []
    for fold in plan.folds:
        session = FoldSession(made, fold)
        layer = session.model.model.get_layer("standardize")
        assert not layer.mean.numpy().any(), "fresh"
        session.prepare_heads()
        positions = [views[0] for views in made.streams[0].positions(fold.train, SCORING)]
        features = inputs_of(made).load(fold.train, positions)[0]
        assert features.std(axis=(0, 1)).max() > 0.01
        np.testing.assert_allclose(layer.mean.numpy(), features.reshape(-1, 256).mean(axis=0), rtol=1e-4, atol=1e-6)
        means.append(layer.mean.numpy())
    assert (means[0] != means[1]).any()
