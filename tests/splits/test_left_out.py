"""Leaving groups out: which combinations there are, which are drawn, and what no group scheme may ever do."""

from collections import Counter
from itertools import product

import pytest

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.splits.leave_group_out import MOST, group_per_class_out, one_group_out
from tests.helpers.clip_tables import REAL, groups_apart, ids, nested, shared, table, triangle, turned, ungrouped

WIDE = table({f"class{c}": [(f"c{c}g{g}", 1) for g in range(10)] for c in range(9)})  # 10^9 combinations


def training(clips):
    return clips[clips["split"] == "train"]


def held(clips, division):
    """Return the groups that each fold scores."""
    (pairs,) = division.repeats
    return [frozenset(clips.loc[scored, "group"]) for _, scored in pairs]


def assert_honest(clips, division):
    """No group on both sides, every clip on one, every class in training."""
    (pairs,) = division.repeats
    for ours, scored in pairs:
        assert groups_apart(clips, ours, scored)
        assert sorted(ours + scored) == training(clips).index.tolist()
        assert set(clips.loc[ours, "label"]) == set(training(clips)["label"])


@pytest.mark.parametrize("clips", [table(REAL), nested(), shared(), triangle()], ids=["real", "nested", "shared", "3"])
def test_each_group_is_left_out_once(clips):
    division = one_group_out(training(clips))
    assert_honest(clips, division)
    assert held(clips, division) == [frozenset([name]) for name in sorted(set(training(clips)["group"]))]
    assert division.notes == ()


def test_all_combinations_of_the_real_shape():
    clips = table(REAL)
    division = group_per_class_out(clips, None, 0)
    assert_honest(clips, division)
    expected = {frozenset(names) for names in product(*([name for name, _ in part] for part in REAL.values()))}
    assert len(expected) == 2 * 2 * 3 * 4 * 2 * 2 == 192
    assert len(held(clips, division)) == 192
    assert set(held(clips, division)) == expected
    (pairs,) = division.repeats
    assert all(set(clips.loc[scored, "label"]) == set(REAL) for _, scored in pairs)


def test_drawn_combinations_leave_each_group_out_about_equally_often():
    clips = table(REAL)
    division = group_per_class_out(clips, 24, 0)
    assert_honest(clips, division)
    drawn = held(clips, division)
    assert len(set(drawn)) == len(drawn) == 24
    times = Counter(name for names in drawn for name in names)
    for part in REAL.values():
        assert all(abs(times[name] - 24 / len(part)) <= 2 for name, _ in part)


@pytest.mark.parametrize("seed", range(20))
def test_as_many_folds_as_the_largest_class_has_groups_score_every_clip(seed):
    clips = table(REAL)
    assert len(frozenset().union(*held(clips, group_per_class_out(clips, 4, seed)))) == 15
    assert group_per_class_out(clips, 4, seed).notes == ()


def test_groups_that_are_never_scored_are_said():
    clips = table(REAL)
    assert group_per_class_out(clips, 1, 0).notes == (
        "9 of 15 groups are held out by no fold, so their clips are never scored",
    )


def test_groups_of_several_classes_are_left_out_whole_and_equal_sets_once():
    clips = shared(3)  # 27 combinations: 3 single groups, 3 pairs, and all three, which leaves nothing to train on
    division = group_per_class_out(clips, None, 0)
    assert_honest(clips, division)
    scenes = [f"scene{g}" for g in range(3)]
    assert set(held(clips, division)) == {frozenset(s) for n in (1, 2) for s in product(scenes, repeat=n)}
    assert len(held(clips, division)) == 6
    mixed = table({"a": [("x", 2), ("y", 2)], "b": [("x", 2), ("z", 2)]})
    # y with z leaves x; x alone leaves y and z; x with y leaves no a, x with z no b
    assert held(mixed, group_per_class_out(mixed, None, 0)) == [frozenset("x"), frozenset("yz")]
    few = group_per_class_out(mixed, 24, 0)
    assert held(mixed, few) == [frozenset("x"), frozenset("yz")]
    assert few.notes == ("cv.repeats=24 combinations were requested and 2 found: each runs once",)


def test_draws_follow_from_seed_and_names_alone_and_go_on():
    clips = WIDE
    first, again, other = (held(clips, group_per_class_out(clips, 24, seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert held(clips, group_per_class_out(clips, 6, 0)) == first[:6]
    back = turned(clips)
    assert held(back, group_per_class_out(back, 24, 0)) == first
    for (_, scored), (_, turned_scored) in zip(
        group_per_class_out(clips, 9, 3).repeats[0], group_per_class_out(back, 9, 3).repeats[0], strict=True
    ):
        assert ids(clips, scored) == ids(back, turned_scored)


def test_a_thousand_million_combinations_are_drawn_from_without_being_made():
    division = group_per_class_out(WIDE, 50, 0)
    assert_honest(WIDE, division)
    assert len(set(held(WIDE, division))) == 50
    assert set(Counter(name for names in held(WIDE, division) for name in names).values()) == {5}


@pytest.mark.parametrize(("groups", "wanted"), [(2, 3), (3, 26), (5, 24)])
def test_nearly_all_combinations_can_be_drawn(groups, wanted):
    clips = nested(groups)
    drawn = held(clips, group_per_class_out(training(clips), wanted, 0))
    assert len(set(drawn)) == wanted


@pytest.mark.parametrize("seed", range(10))
def test_rare_combinations_are_found(seed):
    clips = table({f"class{c}": [("x", 1), ("y", 1)] for c in range(14)})  # 2 of 2^14 leave every class in training
    assert held(clips, group_per_class_out(clips, 1, seed)) in ([frozenset("x")], [frozenset("y")])


def test_classes_of_the_same_groups_draw_apart():
    clips = shared(8)
    assert {len(names) for names in held(clips, group_per_class_out(clips, 8, 0))} >= {2, 3}


def test_clips_without_a_group_among_others_are_their_own():
    clips = table({"a": [("x", 2), ("", 1)], "b": [("y", 2), ("", 1)]})
    (pairs,) = one_group_out(clips).repeats
    assert [len(scored) for _, scored in pairs] == [1, 1, 2, 2]
    assert len(group_per_class_out(clips, None, 0).repeats[0]) == 4


@pytest.mark.parametrize("scheme", [one_group_out, lambda train: group_per_class_out(train, None, 0)])
@pytest.mark.parametrize(
    ("clips", "said"),
    [
        (ungrouped(), "needs groups and these clips have none; .*dataset.group=REGEX or a csv with a group column"),
        (table({"a": [("x", 2), ("y", 2)], "b": [("z", 9)]}), "class 'b' has 1 group, so by group"),
        (table({"a": [("x", 2)], "b": [("x", 2)]}), "class 'a' has 1 group, so by group"),
    ],
    ids=["none", "lone", "one"],
)
def test_what_groups_do_not_allow_is_refused(scheme, clips, said):
    with pytest.raises(BadRequest, match=said):
        scheme(clips)


@pytest.mark.parametrize(
    ("clips", "repeats", "said"),
    [
        (WIDE, None, "cv.repeats=null takes every .* there are 1000000000; .*at most 10000: cv.repeats=24"),
        (
            table({c: [(f"s{g}", 1) for g in range(16)] for c in "abcdef"}),
            None,
            "there are up to 16777216;",
        ),
        (triangle(), None, r"leaves every class in training \(class 'a' has 2 groups\); use cv=leave_one_group_out"),
        (triangle(), 24, "no combination of one group per class was found"),
    ],
)
def test_combinations_that_cannot_be_taken_are_refused(clips, repeats, said):
    with pytest.raises(BadRequest, match=said):
        group_per_class_out(clips, repeats, 0)


def test_the_yaml_file_knows_how_many_combinations_are_too_many():
    parameter = schema.options("cv")["leave_group_per_class_out"].parameters["repeats"]
    schema.check_value("cv.repeats", MOST, parameter)
    with pytest.raises(BadRequest, match=f"cv.repeats={MOST + 1}"):
        schema.check_value("cv.repeats", MOST + 1, parameter)


def test_the_yaml_file_says_that_chance_is_lower_with_one_group_out():
    assert "chance is below 1 / classes" in schema.options("cv")["leave_one_group_out"].summary
