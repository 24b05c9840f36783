"""Plans: what a `cv` node stands for here, what it leaves for the record, and what it refuses."""

import pytest

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.splits.plan import assignment, plan_folds
from darkhar_cli.splits.settings import TAKES, CvSettings
from tests.helpers.clip_tables import REAL, groups_apart, ids, nested, shared, table, turned, ungrouped

AUTO = {"name": "auto", "folds": None, "seed": None}
# What divides the clips; `only` chooses among the folds.
DEFAULTS = {n: {k: v for k, v in o.defaults.items() if k != "only"} for n, o in schema.options("cv").items()}
BY_GROUP = ["stratified_group", "repeated", "leave_one_group_out", "leave_group_per_class_out"]


def asked(name, **values):
    """Return a `cv` node as the program makes it: every parameter of the yaml file, some of them set."""
    return {"name": name, **DEFAULTS[name], **values}


def plan(clips, **cv):
    return plan_folds({"name": "stratified_group", "folds": 3, "seed": None, **cv}, clips, 0)


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_option_makes_a_plan_that_its_settings_give_again(name):
    clips = nested(4)
    made = plan_folds(asked(name), clips, 3, ["a", "b", "c"])
    assert made.folds
    assert made.settings["name"] == made.name
    assert set(made.settings) == {"name", *DEFAULTS[made.name]}, "settings are a `cv` node of their own"
    schema.check_group("cv", {**made.settings, "only": None})
    assert plan_folds(made.settings, clips, 99) == made, "another run's seed does not matter any more"
    keys = [(fold.repeat, fold.index) for fold in made.folds]
    assert keys == sorted(set(keys))
    assert keys[0] == (0, 0)
    assert made.carried == made.watches_scored == (name == "paper")


@pytest.mark.parametrize("name", [*BY_GROUP, "holdout"])
@pytest.mark.parametrize("clips", [nested(4), shared(6), table(REAL)], ids=["nested", "shared", "real"])
def test_no_group_scheme_has_a_group_or_a_clip_on_both_sides(clips, name):
    share = {"share": 0.3} if name == "holdout" else {}
    few = {"folds": 2} if name == "stratified_group" else {}
    made = plan_folds(asked(name, **share, **few), clips, 0)
    for fold in made.folds:
        assert fold.train
        assert fold.validation
        assert not set(fold.train) & set(fold.validation)
        assert groups_apart(clips, fold.train, fold.validation)
        assert set(clips.loc[fold.train, "label"]) == set(clips["label"])


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


def test_repeated_is_resolved_like_auto_and_counts_repeats_from_0():
    made = plan_folds(asked("repeated"), shared(8), 1)
    assert made.settings == {"name": "repeated", "folds": 3, "repeats": 5, "seed": 1}
    assert [(fold.repeat, fold.index) for fold in made.folds] == [(r, i) for r in range(5) for i in range(3)]
    assert made.folds[:3] == plan_folds(AUTO, shared(8), 1).folds
    once = plan_folds(asked("repeated"), table(REAL), 0)
    assert once.settings == {"name": "repeated", "folds": 2, "repeats": 5, "seed": 0}
    assert [(fold.repeat, fold.index) for fold in once.folds] == [(0, 0), (0, 1)]
    assert once.notes[0].startswith("5 repeats gave 1 different division;")


@pytest.mark.parametrize("cv", [{"name": "official"}, {"name": "holdout"}, asked("holdout")])
def test_the_official_split_is_scored_by_one_model_trained_on_all(cv):
    made = plan_folds(cv, nested(), 0)
    assert len(made.folds) == 1
    assert len(made.folds[0].train) == 36
    assert made.folds[0].validation == []
    with pytest.raises(
        BadRequest, match=f"cv={cv['name']} needs an official held-out split, and this data set has none"
    ):
        plan_folds(cv, shared(), 0)


def test_a_share_needs_no_official_split():
    made = plan_folds(asked("holdout", share=0.4), shared(), 7)
    assert made.settings == {"name": "holdout", "share": 0.4, "seed": 7}
    ((ours, scored),) = [(fold.train, fold.validation) for fold in made.folds]
    assert (len(ours), len(scored)) == (18, 12)


def test_the_paper_carries_its_model_and_watches_what_it_scores():
    made = plan_folds(asked("paper"), table(REAL), 0)
    assert made.carried
    assert made.watches_scored
    assert [len(fold.validation) for fold in made.folds] == [50, 49, 49, 2]
    assert "one model is carried from fold to fold" in made.notes[0]


@pytest.mark.parametrize("name", ["leave_one_group_out", "leave_group_per_class_out"])
def test_leaving_groups_out_does_not_depend_on_the_order_of_the_table(name):
    clips = table(REAL)
    back = turned(clips)
    there, here = (plan_folds(asked(name), each, 0) for each in (clips, back))
    assert [ids(clips, fold.validation) for fold in there.folds] == [ids(back, fold.validation) for fold in here.folds]


@pytest.mark.parametrize("name", DEFAULTS)
def test_clips_without_a_group_among_others_are_said_where_groups_matter(name):
    clips = table({"a": [("x", 6), ("y", 6), ("z", 6), ("", 1)], "b": [("v", 6), ("w", 6), ("u", 6)]}, test=2)
    share = {"share": 0.3} if name == "holdout" else {}
    said = "1 of 37 training clips have no group; each of them counts as a group of its own"
    made = plan_folds(asked(name, **share), clips, 0)
    assert (said in made.notes) == (name not in ("stratified", "official", "paper"))


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
        (table({"a": [("g", 9), ("h", 2)]}), asked("paper"), "all 11 training clips are of one class"),
        (ungrouped(4), asked("repeated", folds=5), "class 'a' has 4 clips, fewer than cv.folds=5; .*works is 4"),
        (nested(2), asked("repeated", folds=3), "class 'a' has 2 groups, fewer than cv.folds=3; .*works is 2"),
        (ungrouped(), asked("leave_one_group_out"), "cv=leave_one_group_out needs groups and these clips have none"),
        (ungrouped(), asked("leave_group_per_class_out"), "dataset.group=REGEX or a csv with a group column"),
        (nested(1), asked("leave_group_per_class_out"), "class 'a' has 1 group"),
        (nested(), {"name": "stratifed"}, "unknown cv 'stratifed'; choose from auto, holdout, .*mean 'stratified'"),
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


def test_assignment_names_every_fold_that_scores_a_clip():
    clips = nested(2)
    made = plan_folds(asked("leave_group_per_class_out", repeats=None), clips, 0)
    listed = assignment(made, clips)
    assert list(listed.columns) == ["repeat", "fold", "id", "split", "group", "label", "digest"]
    assert (listed["digest"] == listed["id"]).all(), "as in the table of clips"
    validation = listed[listed["split"] == "validation"]
    assert validation["id"].value_counts().eq(4).all(), "each group is held out by half of the 8 combinations"
    for fold in made.folds:
        assert set(validation.loc[validation["fold"] == fold.index, "id"]) == ids(clips, fold.validation)
    assert validation[["id", "fold"]].apply(tuple, axis=1).is_monotonic_increasing
    official = assignment(plan_folds(asked("official"), clips, 0), clips)
    assert official["repeat"].tolist() == [0] * 6
    assert set(official["fold"]) == {"all"}


def test_real_groups_have_one_partition(real_clips):
    from darkhar_cli.data import clip_dataset

    opened = clip_dataset.open_clips(
        {"name": "ee6222har", "root": str(real_clips), "data_dir": None, "on_error": "stop"}
    )
    made = plan_folds(AUTO, opened.table, 0)
    assert made.settings["folds"] == 2
    with pytest.raises(BadRequest, match="largest number of folds that works is 2"):
        plan_folds({"name": "stratified_group", "folds": 3, "seed": None}, opened.table, 0)


def test_settings_are_what_the_yaml_files_have():
    assert {name: tuple(values) for name, values in DEFAULTS.items()} == TAKES
    for name in DEFAULTS:
        assert CvSettings.from_config(asked(name)).node() == asked(name)
    with pytest.raises(BadRequest, match=r"unknown setting in CvSettings 'fold'.*did you mean 'folds'"):
        CvSettings.from_config({"name": "stratified", "fold": 3})


def test_a_fold_trained_alone_is_one_of_the_same_folds():
    for name, option in schema.options("cv").items():
        assert option.defaults["only"] is None
        alone = {**asked(name), "only": 1}
        assert CvSettings.from_config(alone).node() == asked(name)
        assert plan_folds(alone, nested(4), 3, ["a", "b", "c"]) == plan_folds(
            asked(name), nested(4), 3, ["a", "b", "c"]
        )


def test_typed_settings_and_a_node_give_the_same_plan():
    clips = nested(4)
    assert plan_folds(CvSettings("stratified_group", folds=2), clips, 5) == plan(clips, folds=2, seed=5)
