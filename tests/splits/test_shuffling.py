"""Labels permuted among whole groups, and by clip: only the one shows that folds leak."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.randomness import shuffled
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.splits.shuffling import described, labels_by_group
from tests.helpers.clip_tables import REAL, nested, shared, table, turned, ungrouped


def of_groups(clips, labels):
    return pd.Series(list(labels)).groupby(clips["group"].to_numpy()).agg(lambda part: sorted(set(part)))


def test_whole_groups_get_labels_and_as_many_have_each():
    clips = table(REAL)
    now = of_groups(clips, labels_by_group(clips, 0))
    before = of_groups(clips, clips["label"])
    assert all(len(labels) == 1 for labels in now)
    assert sorted(now.str[0]) == sorted(before.str[0])
    assert (now != before).any()


def test_it_follows_from_seed_and_names():
    clips = table(REAL)
    first = dict(zip(clips["id"], labels_by_group(clips, 0), strict=True))
    back = turned(clips)
    assert dict(zip(back["id"], labels_by_group(back, 0), strict=True)) == first
    assert labels_by_group(clips, 0) != labels_by_group(clips, 1)


def test_a_group_of_several_classes_counts_as_one_for_each():
    clips = shared()
    labels = labels_by_group(clips, 0)
    units = pd.DataFrame({"unit": clips["group"] + clips["label"], "now": labels}).drop_duplicates()
    assert len(units) == 15
    assert units["now"].value_counts().tolist() == [5, 5, 5]


def test_held_out_clips_go_with_their_group_or_stay():
    clips = nested()
    with_group = clips.assign(group=clips["group"].where(clips["id"] != "test/0.mp4", "a0"))
    labels = labels_by_group(with_group, 3)
    given = dict(zip(with_group["id"], labels, strict=True))
    assert given["test/0.mp4"] == given["a/a0_0.mp4"]
    assert [given[f"test/{i}.mp4"] for i in range(1, 6)] == ["b", "c", "a", "b", "c"]


def test_it_is_described():
    clips = table(REAL)
    same = (of_groups(clips, labels_by_group(clips, 0)) == of_groups(clips, clips["label"])).sum()
    said = f"labels are permuted among 15 whole groups; {same} of them keep their own"
    assert described(clips, labels_by_group(clips, 0)) == said
    mixed = shared()
    assert "among 15 parts of groups, each of one class;" in described(mixed, labels_by_group(mixed, 0))
    alone = ungrouped()
    assert described(alone, labels_by_group(alone, 0)).startswith("labels are permuted clip by clip, for no groups")


def knows_the_room(clips, labels, trained_labels, plan):
    """Return the share of clips that the commonest training label of their room gets right."""
    right = []
    for fold in plan.folds:
        learnt = pd.Series(trained_labels(fold), index=clips.loc[fold.train, "group"])
        known = learnt.groupby(level=0).agg(lambda part: part.mode()[0])
        said = known.reindex(clips.loc[fold.validation, "group"]).to_numpy()
        right += (said == np.array(labels)[fold.validation]).tolist()
    return np.mean(right)


@pytest.mark.parametrize("seed", range(3))
def test_only_whole_groups_show_that_rooms_leak(seed):
    clips = table(REAL)
    by_clip = plan_folds({"name": "stratified", "folds": 3, "seed": seed}, clips, seed)
    by_group = plan_folds({"name": "leave_one_group_out"}, clips, seed)
    groups = labels_by_group(clips, seed)

    def whole(fold):
        return [groups[row] for row in fold.train]

    def single(fold):  # as a fold's training labels are permuted clip by clip
        order = shuffled(seed, fold.index, [f"labels/{fold.repeat}/{d}" for d in clips.loc[fold.train, "digest"]])
        return clips.loc[[fold.train[i] for i in order], "label"].to_numpy()

    assert knows_the_room(clips, groups, whole, by_clip) > 0.95
    assert knows_the_room(clips, clips["label"].tolist(), single, by_clip) < 0.35
    assert knows_the_room(clips, groups, whole, by_group) == 0, "no room is on both sides"
