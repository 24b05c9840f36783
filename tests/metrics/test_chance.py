"""Chance where a fold's class is rarer in training: what classifiers that know nothing score."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.metrics.chance import by_training_frequency, settled
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.splits.shuffling import labels_by_group
from tests.helpers.clip_tables import REAL, nested, table


def scorings(clips, plan):
    """Return a row per scoring: repeat, fold, label, and its place."""
    rows = [(f.repeat, f.index, clips.loc[i, "label"], i) for f in plan.folds for i in f.validation]
    return pd.DataFrame(rows, columns=["repeat", "fold", "label", "row"]).assign(split="validation")


def leave_one_out(clips):
    return plan_folds({"name": "leave_one_group_out"}, clips, 0)


def neighbours_of_noise(clips, plan, rng, draws):
    """Return the mean macro recall of the nearest neighbour on noise: each fold is fitted anew, and knows nothing."""
    labels = clips["label"].to_numpy()
    found = []
    for _ in range(draws):
        noise, right = rng.normal(size=(len(clips), 8)), np.zeros(len(clips))
        for fold in plan.folds:
            far = ((noise[fold.validation][:, None] - noise[fold.train][None]) ** 2).sum(axis=2)
            right[fold.validation] = labels[np.array(fold.train)[far.argmin(axis=1)]] == labels[fold.validation]
        found.append(pd.Series(right).groupby(labels).mean().mean())
    return np.mean(found), np.std(found) / np.sqrt(draws)


def test_by_hand():
    clips = table({"a": [("x", 2), ("y", 4)], "b": [("z", 3), ("w", 3)]})
    a, b = (2 * 4 / 10 + 4 * 2 / 8) / 6, 3 / 9
    assert by_training_frequency(scorings(clips, leave_one_out(clips))) == pytest.approx((a + b) / 2)


def test_noise_scores_it_on_groups_of_the_real_shape_and_not_one_in_six():
    clips = table(REAL)
    plan = leave_one_out(clips)
    expected = by_training_frequency(scorings(clips, plan))
    assert 0.08 < expected < 0.11
    mean, error = neighbours_of_noise(clips, plan, np.random.default_rng(0), 60)
    assert abs(mean - expected) < 3 * error < 0.02
    assert mean + 3 * error < 1 / 6


def test_labels_permuted_among_whole_groups_score_it():
    clips, rng = table({label: [(f"{label}{g}", 4) for g in range(3)] for label in "abcd"}), np.random.default_rng(1)
    plan, expected = leave_one_out(clips), 8 / 44
    assert by_training_frequency(scorings(clips, plan)) == pytest.approx(expected)
    groups, where = np.unique(clips["group"], return_inverse=True)
    own = clips.groupby("group")["label"].first().loc[groups].to_numpy()
    found = []
    for _ in range(60):
        permuted = clips.assign(label=rng.permutation(own)[where])
        found.append(neighbours_of_noise(permuted, plan, rng, 1)[0])
    assert abs(np.mean(found) - expected) < 3 * np.std(found) / np.sqrt(60)
    assert np.mean(found) < 0.22 < 1 / 4


def test_it_is_one_in_k_where_folds_have_the_classes_own_shares():
    clips = nested()
    clips = clips[clips["split"] == "train"].reset_index(drop=True)
    plan = plan_folds({"name": "stratified_group", "folds": 3, "seed": None}, clips, 0)
    assert by_training_frequency(scorings(clips, plan)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("seed", range(3))
def test_labels_permuted_behind_balanced_folds_score_less_and_the_summary_says_so(seed):
    clips = table(REAL)
    plan = plan_folds({"name": "stratified_group", "folds": 2, "seed": None}, clips, seed)
    permuted = clips.assign(label=labels_by_group(clips, seed))
    seen = scorings(permuted, plan)
    summary = settled(pd.DataFrame({"cv": ["stratified_group"], "split": "validation", "chance": 1 / 6}), seen)
    expected = summary["chance"][0]
    mean, error = neighbours_of_noise(permuted, plan, np.random.default_rng(seed), 60)
    assert abs(mean - expected) < 3 * error < 0.02
    assert expected < 0.16 < 1 / 6, "some class is rarer in training the more of it is scored"


def test_only_schemes_that_divide_a_repeat_get_it():
    clips = table(REAL)
    seen = scorings(clips, leave_one_out(clips))
    schemes = ["leave_one_group_out", "stratified", "stratified_group", "repeated"]
    others = ["holdout", "leave_group_per_class_out", "paper", "official"]
    rows = [(cv, split) for cv in (*schemes, *others) for split in ("validation", "test")]
    summary = settled(pd.DataFrame(rows, columns=["cv", "split"]).assign(chance=1 / 6), seen)
    less = summary["cv"].isin(schemes) & (summary["split"] == "validation")
    assert summary.loc[less, "chance"].tolist() == pytest.approx([by_training_frequency(seen)] * 4)
    assert (summary.loc[~less, "chance"] == 1 / 6).all()
    alone = settled(summary.assign(chance=1 / 6), seen[seen["fold"] == 0])
    assert (alone["chance"] == 1 / 6).all(), "one fold alone tells nothing of what it was trained on"
