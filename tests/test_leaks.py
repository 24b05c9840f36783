"""The leak report: what a fold has on both sides."""

from darkhar_cli.folds import plan_folds
from darkhar_cli.leaks import leaks
from tests.clip_tables import nested


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
