"""Schemes that divide all clips, repeat, slice or hold out a share: every class on both sides, or a refusal."""

from itertools import pairwise

import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.splits.kfold import by_clip, by_group, paper_slices, repeated, share_held_out
from tests.helpers.clip_tables import REAL, groups_apart, ids, nested, shared, table, triangle, turned, ungrouped


def training(clips):
    return clips[clips["split"] == "train"]


def assert_divides(clips, pairs, by_group=True):
    """Each clip is scored once, each class is on both sides of each fold, and groups stand on one side."""
    train = training(clips)
    assert sorted(row for _, scored in pairs for row in scored) == train.index.tolist()
    for ours, scored in pairs:
        assert sorted(ours + scored) == train.index.tolist()
        for side in (ours, scored):
            assert set(clips.loc[side, "label"]) == set(train["label"])
        assert not by_group or groups_apart(clips, ours, scored)


def partition(pairs):
    return {frozenset(scored) for _, scored in pairs}


@pytest.mark.parametrize("clips", [nested(), shared(), table(REAL)], ids=["nested", "shared", "real"])
def test_divisions_by_group_and_by_clip(clips):
    assert_divides(clips, by_group(training(clips), 2, 0))
    assert_divides(clips, by_clip(training(clips), 3, 0), by_group=False)


def test_the_real_shape_has_one_division_by_group():
    clips = table(REAL)
    assert len({frozenset(partition(by_group(clips, 2, seed))) for seed in range(10)}) == 1
    with pytest.raises(BadRequest, match=r"class 'Jump' has 2 groups, fewer than cv.folds=3; .*works is 2"):
        by_group(clips, 3, 0)


@pytest.mark.parametrize(
    ("divide", "clips", "k", "said"),
    [
        (by_clip, table({"a": [("", 9)], "b": [("", 2)]}), 5, "class 'b' has 2 clips.*largest.*is 2"),
        (by_clip, table({"a": [("", 9)], "b": [("", 1)]}), 2, "class 'b' has 1 clip,.*no number"),
        (by_group, nested(2), 3, "has 2 groups, fewer than.*largest.*is 2"),
        (by_group, table({"a": [("g", 9), ("h", 2)], "b": [("i", 5)]}), 2, "class 'b' has 1 group,.*cv=stratified"),
        (by_group, ungrouped(), 2, "cv=stratified_group needs groups and these clips have none; use cv=stratified"),
        (by_group, triangle(), 2, "no division into cv.folds=2 by group .*no number of folds works by group"),
    ],
)
def test_what_the_data_do_not_allow_is_refused(divide, clips, k, said):
    with pytest.raises(BadRequest, match=said):
        divide(training(clips), k, 0)


def test_repeats_are_different_divisions_the_first_being_the_plain_one():
    clips = shared(8)
    division = repeated(clips, 2, 5, 0)
    assert len(division.repeats) == 5
    assert division.notes == ()
    assert len({frozenset(partition(pairs)) for pairs in division.repeats}) == 5
    for pairs in division.repeats:
        assert_divides(clips, pairs)
    assert division.repeats[0] == by_group(clips, 2, 0)
    assert repeated(clips, 2, 3, 0).repeats == division.repeats[:3]
    assert repeated(clips, 2, 5, 1).repeats[0] not in division.repeats


def test_without_groups_repeats_are_by_clip():
    clips = ungrouped()
    division = repeated(clips, 3, 4, 2)
    assert len(division.repeats) == 4
    assert division.repeats[0] == by_clip(clips, 3, 2)


def test_divisions_that_come_again_run_once_and_are_said():
    clips = table(REAL)
    division = repeated(clips, 2, 5, 0)
    assert division.repeats == [by_group(clips, 2, 0)]
    assert division.notes == ("5 repeats gave 1 different division; a division that comes again is not run again",)
    some = repeated(nested(2), 2, 40, 0)  # two groups of a class apart: four divisions
    assert len(some.repeats) == len({frozenset(partition(pairs)) for pairs in some.repeats}) > 1
    assert some.notes[0].startswith(f"40 repeats gave {len(some.repeats)} different divisions;")


@pytest.mark.parametrize("clips", [nested(10), shared(10), ungrouped(20)], ids=["nested", "shared", "ungrouped"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_share_is_held_out_with_every_class_and_no_group_on_both_sides(clips, share):
    train = training(clips)
    division = share_held_out(train, share, 0)
    ((ours, scored),) = division.repeats[0]
    assert len(scored) == pytest.approx(share * len(train))
    assert division.notes == ()
    assert sorted(ours + scored) == train.index.tolist()
    for side in (ours, scored):
        assert set(clips.loc[side, "label"]) == {"a", "b", "c"}
    if train["group"].any():
        assert groups_apart(clips, ours, scored)
    back = turned(train)
    assert ids(back, share_held_out(back, share, 0).repeats[0][0][1]) == ids(clips, scored)
    others = [share_held_out(train, share, seed).repeats[0][0][1] for seed in (0, 1, 2, 3)]
    assert others[0] == scored
    assert any(other != scored for other in others)


def test_a_share_that_groups_do_not_allow_is_said():
    division = share_held_out(training(nested(2)), 0.2, 0)
    assert division.notes == ("cv.share=0.2 became 12 of 24 clips (50%): groups and classes stay whole",)


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        (table({"a": [("g", 9), ("h", 2)], "b": [("i", 5)]}), "class 'b' has 1 group, so by group"),
        (table({"a": [("", 9)], "b": [("", 1)]}), "class 'b' has 1 clip, .*give each class at least 2"),
        (triangle(), "cv.share=0.3: no part was found that shares no group with the rest"),
    ],
)
def test_a_share_with_a_class_on_one_side_is_refused(clips, said):
    with pytest.raises(BadRequest, match=said):
        share_held_out(clips, 0.3, 0)


def test_the_papers_slices_of_150_clips():
    clips = table(REAL)
    division = paper_slices(clips)
    (pairs,) = division.repeats
    # 33 % of 150 is 49.5 and 99 % is 148.5: tfds rounds a half to the even clip
    assert [scored for _, scored in pairs] == [
        list(range(50)),
        list(range(50, 99)),
        list(range(99, 148)),
        list(range(148, 150)),
    ]
    for ours, scored in pairs:
        assert ours == [row for row in range(150) if row not in scored]
    way, lacking = division.notes
    assert "slices of the table as it is sorted (50, 49, 49, 2 clips), neither stratified nor by group" in way
    assert "carried from fold to fold" in way
    assert "early stopping watches the scored clips" in way
    assert "fold 0 trains on no Jump, Run; fold 0 scores no Sit, Stand, Turn, Walk; fold 1 trains on no Sit" in lacking
    back = turned(clips)
    assert [scored for _, scored in paper_slices(back).repeats[0]] == [scored for _, scored in pairs]


@pytest.mark.parametrize("n", [2, 7, 50, 96, 100, 101, 999])
def test_the_papers_slices_are_those_of_tfds(n):
    splits = pytest.importorskip("tensorflow_datasets.core.splits")
    clips = table({"a": [("", n - 1)], "b": [("", 1)]})
    ours = [scored for _, scored in paper_slices(clips).repeats[0]]
    bounds = [splits._pct_to_abs_closest(percent, n) for percent in (0, 33, 66, 99, 100)]
    theirs = [list(range(a, b)) for a, b in pairwise(bounds)]
    assert ours == [part for part in theirs if part]


def test_an_empty_slice_is_left_out_and_said():
    clips = table({"a": [("", 5)], "b": [("", 5)]})
    division = paper_slices(clips)
    assert [len(scored) for _, scored in division.repeats[0]] == [3, 4, 3]
    assert "the slice 99-100 % holds no clip and is skipped" in division.notes
