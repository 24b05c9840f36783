"""The inner part: no group on both sides, every class on both, and nothing where that cannot be."""

import pytest

from darkhar_cli.splits.inner_validation import draw_part, inner_part
from tests.helpers.clip_tables import groups_apart, ids, nested, shared, triangle, turned, ungrouped


def train_rows(clips):
    return clips.index[clips["split"] == "train"].tolist()


@pytest.mark.parametrize("clips", [nested(), shared(8)], ids=["nested", "shared"])
def test_the_inner_part_shares_no_group_and_has_every_class(clips):
    rows = train_rows(clips)
    fit, inner = inner_part(clips, rows, 0.2, seed=0)
    assert sorted(fit + inner) == rows
    assert 0 < len(inner) <= 0.35 * len(rows)
    assert groups_apart(clips, fit, inner)
    for part in (fit, inner):
        assert set(clips.loc[part, "label"]) == {"a", "b", "c"}


def test_without_a_second_group_there_is_no_inner_part():
    clips = nested(1)
    assert inner_part(clips, train_rows(clips), 0.2, seed=0) is None


def test_two_groups_of_a_size_are_too_much_for_an_inner_part_but_can_be_held_out():
    clips = nested(2)
    assert inner_part(clips, train_rows(clips), 0.2, seed=0) is None
    rest, drawn = draw_part(clips, train_rows(clips), 0.2, seed=0)
    assert len(rest) == len(drawn) == 12


def test_ungrouped_clips_are_their_own_groups():
    clips = nested().assign(group="")
    _, inner = inner_part(clips, train_rows(clips), 0.25, seed=0)
    assert len(inner) == 9


def test_what_is_drawn_follows_from_seed_purpose_and_names_alone():
    clips = ungrouped()
    first, again, other, purpose = (
        ids(clips, draw_part(clips, train_rows(clips), 0.25, seed, what=what)[1])
        for seed, what in ((0, "inner"), (0, "inner"), (1, "inner"), (0, "holdout"))
    )
    assert first == again
    assert first not in (other, purpose)
    back = turned(clips)
    assert ids(back, draw_part(back, train_rows(back), 0.25, 0)[1]) == first


def test_groups_that_cannot_be_parted_give_nothing():
    clips = triangle()
    assert draw_part(clips, train_rows(clips), 0.3, seed=0) is None
