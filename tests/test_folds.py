"""Folds: every class on both sides, no group on both, and refusals that name what lacks."""

import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.folds import assignment, plan_folds
from tests.clip_tables import nested, shared, table

AUTO = {"name": "auto", "folds": None, "seed": None}


def plan(clips, **cv):
    return plan_folds({"name": "stratified_group", "folds": 3, "seed": None, **cv}, clips, 0)


@pytest.mark.parametrize("clips", [nested(), shared()], ids=["nested", "shared"])
@pytest.mark.parametrize("name", ["stratified_group", "stratified"])
def test_each_clip_is_scored_once_and_classes_are_everywhere(clips, name):
    made = plan(clips, name=name)
    scored = [row for fold in made.folds for row in fold.validation]
    assert sorted(scored) == clips.index[clips["split"] == "train"].tolist()
    for fold in made.folds:
        assert not set(fold.train) & set(fold.validation)
        assert set(fold.train) | set(fold.validation) == set(scored)
        for side in (fold.train, fold.validation):
            assert set(clips.loc[side, "label"]) == {"a", "b", "c"}
        if name == "stratified_group":
            assert not set(clips.loc[fold.train, "group"]) & set(clips.loc[fold.validation, "group"])


def test_auto_is_resolved_by_the_data():
    made = plan_folds(AUTO, nested(4), 0)
    assert made.settings == {"name": "stratified_group", "folds": 3, "seed": 0}
    assert plan_folds(AUTO, nested(2), 0).settings["folds"] == 2
    assert plan_folds(AUTO | {"folds": 4}, nested(4), 0).settings["folds"] == 4
    clips = nested().assign(group="")
    assert plan_folds(AUTO, clips, 7).settings == {"name": "stratified", "folds": 3, "seed": 7}


def test_the_split_has_its_own_seed():
    clips = shared(8)
    by_seed = [[f.validation for f in plan(clips, seed=seed).folds] for seed in (1, 1, 2)]
    assert by_seed[0] == by_seed[1] != by_seed[2]
    assert [f.validation for f in plan_folds(AUTO | {"seed": 1}, clips, 5).folds] == by_seed[0]


def test_holdout_trains_on_all_and_scores_the_official_split():
    made = plan_folds({"name": "holdout"}, nested(), 0)
    assert len(made.folds) == 1
    assert len(made.folds[0].train) == 36
    assert made.folds[0].validation == []
    with pytest.raises(BadRequest, match="needs an official held-out split"):
        plan_folds({"name": "holdout"}, shared(), 0)


@pytest.mark.parametrize(
    ("clips", "cv", "said"),
    [
        (
            table({"a": [("", 9)], "b": [("", 2)]}),
            {"name": "stratified", "folds": 5},
            "class 'b' has 2 clips.*largest.*is 2",
        ),
        (
            table({"a": [("", 9)], "b": [("", 1)]}),
            {"name": "stratified", "folds": 2},
            "class 'b' has 1 clip,.*no number",
        ),
        (nested(2), {"name": "stratified_group", "folds": 3}, "has 2 groups, fewer than.*largest.*is 2"),
        (
            table({"a": [("g", 9), ("h", 2)], "b": [("i", 5)]}),
            {"name": "stratified_group", "folds": 2},
            "class 'b' has 1 group,.*cv=stratified",
        ),
        (table({"a": [("g", 4), ("h", 4)], "b": [("i", 5)]}), AUTO, "class 'b' has 1 group"),
        (nested().assign(group=""), {"name": "stratified_group", "folds": 2}, "have none; use cv=stratified"),
        (table({"a": [("g", 9), ("h", 2)]}), AUTO, "all 11 training clips are of one class"),
    ],
)
def test_what_the_data_do_not_allow_is_refused(clips, cv, said):
    with pytest.raises(BadRequest, match=said):
        plan_folds({"seed": None, **cv}, clips, 0)


def test_groups_that_cannot_be_divided_are_refused_with_what_works():
    clips = table({"a": [("g1", 3), ("g2", 3), ("g3", 3)], "b": [("g1", 3), ("g1b", 3), ("g1c", 3)]})
    clips.loc[clips["label"] == "b", "group"] = "g1"
    with pytest.raises(BadRequest, match="class 'b' has 1 group"):
        plan_folds({"name": "stratified_group", "folds": 3, "seed": 0}, clips, 0)


def test_assignment_names_every_clip():
    clips = nested()
    listed = assignment(plan(clips), clips)
    assert sorted(listed["id"]) == sorted(clips["id"])
    assert set(listed.loc[listed["split"] == "test", "fold"]) == {"all"}


def test_real_groups_have_one_partition(real_clips):
    from darkhar_cli import clips as data

    opened = data.open_clips({"name": "ee6222har", "root": str(real_clips), "data_dir": None, "on_error": "stop"})
    made = plan_folds(AUTO, opened.table, 0)
    assert made.settings["folds"] == 2
    with pytest.raises(BadRequest, match="largest number of folds that works is 2"):
        plan_folds({"name": "stratified_group", "folds": 3, "seed": None}, opened.table, 0)
