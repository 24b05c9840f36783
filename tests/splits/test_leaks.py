"""The leak report: what a fold has on both sides."""

import re
import time
import tracemalloc

import numpy as np

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.background_similarity import ALIKE, HEIGHT, WIDTH, outlines, scene_names
from darkhar_cli.features.appearance import look_at
from darkhar_cli.splits.leakage import find, leaks, listed, report_lines
from darkhar_cli.splits.plan import Fold, Plan, plan_folds
from darkhar_cli.splits.shared_backgrounds import nearest
from tests.helpers.clip_tables import nested, table, turned, ungrouped
from tests.helpers.scene_clips import write_scenes


def plan(clips, name="stratified_group"):
    return plan_folds({"name": name, "folds": 3, "seed": None}, clips, 0)


def test_leaks_are_found():
    clips = nested()
    assert leaks(plan(clips), clips).empty
    by_clip = leaks(plan(clips, "stratified"), clips)
    assert set(by_clip["kind"]) == {"group"}
    assert set(by_clip["value"]) == {f"{c}{g}" for c in "abc" for g in range(3)}
    twin = clips.assign(digest=clips["digest"].replace("test/0.mp4", "a/a0_0.mp4"))
    found = leaks(plan(twin), twin)
    assert set(found["kind"]) == {"same file"}
    assert set(found["train_ids"]) == {"a/a0_0.mp4"}
    assert set(found["scored_ids"]) == {"test/0.mp4"}


def places(table, of):
    """Return backgrounds (N, F): one for each place, with some noise of each clip's own."""
    rng = np.random.default_rng(0)
    drawn = {place: rng.random((HEIGHT, WIDTH)) for place in sorted(set(of))}
    return np.array([np.clip(drawn[place] + rng.normal(0, 0.03, (HEIGHT, WIDTH)), 0, 1).ravel() for place in of])


def background_rows(*args):
    found = leaks(*args)
    return found[found["kind"] == "background"]


def test_columns_are_the_same_with_and_without_leaks():
    clips = nested()
    columns = ["repeat", "fold", "split", "kind", "value", "scene", "n_train", "n_scored", "n_misled"]
    columns += ["train_ids", "scored_ids", "misled_ids"]
    assert list(leaks(plan(clips), clips).columns) == columns
    assert list(leaks(plan(clips, "stratified"), clips, places(clips, clips["id"])).columns) == columns


def test_a_place_under_two_groups_is_a_leak():
    clips = nested()
    here = clips["group"].where(clips["group"] != "b1", "a0").where(clips["split"] == "train", clips["id"])
    division = plan(clips)
    sides = {g: f.index for f in division.folds for g in clips.loc[f.validation, "group"]}
    assert sides["a0"] != sides["b1"], "else there is nothing to find"
    found = background_rows(division, clips, places(clips, here))
    assert found["value"].str.fullmatch(r"a0 ~ b1 \(r (0\.[6-9]\d|1\.00)\)").all()
    assert found["value"].nunique() == 1, "told in the same words in each fold"
    assert sorted(found["fold"]) == sorted([sides["a0"], sides["b1"]])
    assert set(found["split"]) == {"validation"}
    row = found[found["fold"] == sides["b1"]].iloc[0]
    assert (row["n_train"], row["n_scored"]) == (4, 4)
    assert set(row["train_ids"].split()) == {f"a/a0_{i}.mp4" for i in range(4)}
    assert set(row["scored_ids"].split()) == {f"b/b1_{i}.mp4" for i in range(4)}
    assert row["n_misled"] == 4
    assert row["misled_ids"] == row["scored_ids"], "there is no b in that place to learn from"
    lines = report_lines(find(division, clips, places(clips, here)), division, clips)
    assert re.fullmatch(r"backgrounds +validation +1  8 of 36", lines[1])
    assert "8 of 36 scored clips (validation) have a background that recurs in training where the label" in lines[2]
    assert "below chance" in lines[2]
    assert len(lines) == 3
    alike = clips.assign(label=clips["label"].replace("b", "a"))
    lines = report_lines(find(division, alike, places(clips, here)), division, alike)
    assert "8 of 36 scored clips have a background like that of training clips" in lines[2]
    assert len(lines) == 3


def test_a_recording_on_both_sides_is_found_by_name_and_by_sight():
    clips = nested()
    division = plan(clips, "stratified")
    here = clips["group"].where(clips["group"] != "", clips["id"])
    found = background_rows(division, clips, places(clips, here))
    assert set(found["value"].str.split().str[0]) == {f"{c}{g}" for c in "abc" for g in range(3)}
    lines = report_lines(find(division, clips, places(clips, here)), division, clips)
    assert re.fullmatch(r"groups +validation +9  36 of 36", lines[1])
    assert re.fullmatch(r"backgrounds +validation +9  36 of 36", lines[2])
    assert "9 groups are both trained on and scored (validation): 36 of 36 scored clips share their" in lines[3]
    assert len(lines) == 4, "the same clips are not told of twice, and no label differs"


def test_without_groups_a_scene_is_a_row_of_each_fold():
    clips = ungrouped()
    here = ["x" if i < 14 else f"own{i}" for i in range(len(clips))]  # all of class a, two of class b
    division = plan(clips, "stratified")
    found = background_rows(division, clips, places(clips, here))
    assert found["fold"].tolist() == [0, 1, 2]
    assert found["n_scored"].sum() == 14
    assert (found["n_train"] + found["n_scored"] == 14).all()
    assert found["scene"].unique().tolist() == ["scene 1"]
    first = found.iloc[0]
    scored, nearest = (first[name].split()[0] for name in ("scored_ids", "train_ids"))
    assert re.fullmatch(rf"{scored} ~ {nearest} \(r [01]\.\d\d\)", first["value"])
    assert len(first["train_ids"].split()) == min(10, first["n_train"])
    lines = report_lines(find(division, clips, places(clips, here)), division, clips)
    assert re.fullmatch(r"backgrounds +validation +1  14 of 36", lines[1])


def test_a_chain_of_backgrounds_misleads_nobody():
    clips = table({"a": [("", 3)], "b": [("", 3)]})
    rng = np.random.default_rng(0)
    same, some, other = (rng.random(HEIGHT * WIDTH) for _ in range(3))
    first, last = (same + some) / 2, (same + other) / 2
    between = (first + last) / 2  # like both, which are not like each other
    own = rng.random((3, HEIGHT * WIDTH))
    backgrounds = np.array([first, own[0], own[1], between, last, own[2]])
    folds = [Fold(0, [1, 2, 3, 4, 5], [0]), Fold(1, [0, 1, 2, 3, 5], [4]), Fold(2, [0, 1, 2, 4, 5], [3])]
    found = background_rows(Plan("by hand", folds, {}), clips, backgrounds)
    assert found["scene"].tolist() == ["scene 1"] * 3, "single link: one scene"
    assert found["n_train"].tolist() == [1, 1, 2], "what is near-identical itself, not all of the scene"
    assert found["n_misled"].tolist() == [1, 0, 0], "a is like a b; b is like a b; b is like a and b"
    assert scene_names(backgrounds) == ["scene 1", "scene 2", "scene 3", "scene 1", "scene 1", "scene 4"]


def test_every_pair_of_two_sides_counts():
    rng = np.random.default_rng(1)
    drawn = rng.random((8, HEIGHT * WIDTH))[rng.integers(0, 8, 90)] + rng.random((90, HEIGHT * WIDTH)) * 0.6
    units, labels = outlines(drawn / 2), rng.integers(0, 3, 90)
    sides = [tuple(np.split(rng.permutation(90)[:70], [50])) for _ in range(3)]
    r = units @ units.T
    assert 100 < (r[np.triu_indices(90, 1)] >= ALIKE).sum() < 0.9 * 90 * 89 / 2 / 8, "some of each place's pairs"
    for (train, scored), one in zip(sides, nearest(units, labels, sides), strict=True):
        links = np.where(r[np.ix_(scored, train)] >= ALIKE, r[np.ix_(scored, train)], 0)
        np.testing.assert_allclose(one.scored[scored], links.max(axis=1), atol=1e-6)
        np.testing.assert_allclose(one.train[train], links.max(axis=0), atol=1e-6)
        right = (links > 0) & (labels[scored][:, None] == labels[train])
        np.testing.assert_array_equal(one.right[scored], right.any(axis=1))
        assert not np.delete(one.scored, scored).any()
        assert not np.delete(one.train, train).any()


def test_held_out_clips_without_groups_are_compared_with_each_group():
    clips = nested()
    here = clips["group"].where(clips["group"] != "", clips["id"]).where(clips["id"] != "test/2.mp4", "c2")
    found = background_rows(plan(clips), clips, places(clips, here))
    assert set(found["split"]) == {"test"}
    assert set(found["scored_ids"]) == {"test/2.mp4"}
    assert len(found) == 2, "one fold of three does not train on c2"
    lines = report_lines(find(plan(clips), clips, places(clips, here)), plan(clips), clips)
    assert "1 background is both trained on and scored (test): 1 of 6" in lines[2]


def test_the_same_file_twice_is_told_with_its_background():
    clips = nested().assign(digest=lambda t: t["digest"].replace("test/0.mp4", "a/a0_0.mp4"))
    here = clips["id"].replace("test/0.mp4", "a/a0_0.mp4")
    found = leaks(plan(clips), clips, places(clips, here))
    assert set(found["kind"]) == {"same file", "background"}
    assert set(found["scored_ids"]) == {"test/0.mp4"}
    lines = report_lines(find(plan(clips), clips, places(clips, here)), plan(clips), clips)
    assert any("1 identical file is both trained on and scored (test): 1 of 6" in line for line in lines)


def test_nothing_found_is_one_line():
    clips = nested()
    division = plan(clips)
    assert leaks(division, clips, places(clips, clips["id"])).empty
    assert leaks(division, clips, np.zeros((len(clips), HEIGHT * WIDTH))).empty, "black clips are like nothing"
    (line,) = report_lines([], division, clips)
    assert line.startswith("no leak was found: no group, file or near-identical background")


def test_an_order_of_rows_changes_no_leak():
    clips = nested()
    here = clips["group"].replace("b1", "a0").where(clips["split"] == "train", clips["id"])
    drawn = places(clips, here)
    other = turned(clips)
    one = leaks(plan_folds({"name": "leave_group_per_class_out", "repeats": None, "seed": 0}, clips, 0), clips, drawn)
    two = leaks(
        plan_folds({"name": "leave_group_per_class_out", "repeats": None, "seed": 0}, other, 0), other, drawn[::-1]
    )
    names = ["split", "kind", "value", "n_train", "n_scored", "n_misled"]
    assert sorted(one[names].itertuples(index=False)) == sorted(two[names].itertuples(index=False))


def test_clips_of_one_fixed_camera_take_seconds_and_a_row_a_fold():
    clips = table({label: [("", 750)] for label in "abcd"})
    drawn = places(clips, ["here"] * len(clips))
    division = plan(clips, "stratified")
    tracemalloc.start()
    started = time.monotonic()
    found = find(division, clips, drawn)
    seconds, peak = time.monotonic() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 10
    assert peak < 150e6, "no list of 4.5 million pairs"
    written = listed(found, clips)
    assert written["n_scored"].tolist() == [1000] * 3
    assert written["n_train"].tolist() == [2000] * 3
    assert len(written.to_csv()) < 5000
    assert set(scene_names(drawn)) == {"scene 1"}


def test_many_clips_and_folds_take_seconds():
    rng = np.random.default_rng(0)
    place = rng.integers(0, 100, 2000)
    clips = table({"a": [("", 1000)], "b": [("", 1000)]}).assign(group=[f"g{p}" for p in place])
    division = plan_folds({"name": "repeated", "folds": 3, "repeats": 8, "seed": 0}, clips.assign(group=""), 0)
    started = time.monotonic()
    found = leaks(division, clips, places(clips, place))
    assert time.monotonic() - started < 30
    assert len(division.folds) == 24
    found = found.assign(value=found["value"].str.split().str[0]).sort_values(["repeat", "fold", "value"])
    seen, named = (found[found["kind"] == kind] for kind in ("background", "group"))
    assert seen["value"].tolist() == named["value"].tolist()
    assert seen["n_scored"].tolist() == named["n_scored"].tolist()


def test_planted_places_are_found_in_clips(tmp_path):
    named = {f"{label}/{label}{g}_{i}.mp4": (10 * g + ord(label), i) for label in "pq" for g in (0, 1) for i in (0, 1)}
    named |= {f"q/q1_{i}.mp4": (ord("p"), 5 + i) for i in (0, 1)}  # the place of p0
    clips = write_scenes(tmp_path / "clips", named)
    looks = look_at(clips, tmp_path / "bank")
    division = plan_folds({"name": "leave_one_group_out", "seed": 0}, clips.table.assign(label=["x", "y"] * 4), 0)
    found = background_rows(division, clips.table, looks.backgrounds)
    assert set(found["value"].str.split(r" \(", regex=True).str[0]) == {"p0 ~ q1"}


def test_real_recordings_are_found(real_clips, tmp_path):
    clips = clip_dataset.open_clips(
        {"name": "ee6222har", "root": str(real_clips), "data_dir": None, "on_error": "stop"}
    )
    backgrounds = look_at(clips, tmp_path).backgrounds

    def found(**cv):
        rows = background_rows(plan_folds({"seed": None, **cv}, clips.table, 0), clips.table, backgrounds)
        return set(rows["value"].str.split(r" \(", regex=True).str[0])

    by_clip = found(name="stratified", folds=3)
    elsewhere = {"Run_11 ~ Walk_14", "Sit_10 ~ Stand_3", "Sit_2 ~ Stand_2"}
    assert {pair for pair in by_clip if "~" in pair} == elsewhere, "those that the eye finds, and no other"
    assert len({group for value in by_clip for group in value.split(" ~ ")}) >= 10, "of 15 recordings"
    # its one partition happens to keep the other two places on one side
    assert found(name="stratified_group", folds=2) == {"Run_11 ~ Walk_14"}
    assert found(name="leave_group_per_class_out", repeats=None) == elsewhere
