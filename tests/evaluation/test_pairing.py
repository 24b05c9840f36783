"""Which runs are paired clip by clip, twins in other light included, and what is refused."""

import json

import pandas as pd
import pytest

from tests.helpers.compared_runs import GROUPS, hits, write_run


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"right": hits(20, 55), "groups": GROUPS[:55]}, "they score different clips"),
        ({"right": hits(20), "groups": GROUPS[::-1]}, "different labels or groups"),
        ({"right": hits(20), "groups": GROUPS, "folds": 3}, "their folds differ"),
        ({"right": hits(20), "groups": GROUPS, "scored": "another"}, "the contents of 60 of 60 scored clips differ"),
        ({"right": hits(20), "groups": GROUPS, "content": "another", "scored": "same"}, "trained on other clips"),
    ],
)
def test_what_cannot_be_paired_is_refused_with_the_reason(darkhar, tmp_path, change, reason):
    write_run(tmp_path / "a", hits(20), GROUPS)
    write_run(tmp_path / "b", **change)
    code, _, errors = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 2
    assert reason in errors


def test_runs_on_twins_in_other_light_are_paired_by_their_twin(darkhar, tmp_path):
    write_run(tmp_path / "dark", hits(15), GROUPS, light="dark")
    write_run(tmp_path / "day", hits(52, seed=1), GROUPS, light="bright")
    code, out, _ = darkhar("compare", tmp_path / "dark", tmp_path / "day", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    assert "The runs saw twins" in out
    assert "dataset.light=bright is better than dataset.light=dark by 61.7 points" in out
    plain = tmp_path / "plain"
    write_run(plain / "a", hits(15), GROUPS, enhance="none")
    write_run(plain / "b", hits(52, seed=1), GROUPS, enhance="histeq")
    assert darkhar("compare", plain / "a", plain / "b", f"to={tmp_path / 'd.csv'}")[0] == 0
    ours, theirs = (pd.read_csv(tmp_path / name) for name in ("c.csv", "d.csv"))
    numbers = ["n", "groups", "accuracy", "difference", "difference_lower", "difference_upper", "p", "mcnemar"]
    pd.testing.assert_frame_equal(ours[numbers], theirs[numbers])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"light": "bright", "twins": "x"}, "they score different clips"),
        ({"light": "bright", "content": "another"}, "trained on other clips"),
        ({"light": "bright", "folds": 3}, "their folds differ"),
        ({}, "they score different clips"),
    ],
)
def test_what_are_no_twins_is_refused(darkhar, tmp_path, change, reason):
    write_run(tmp_path / "dark", hits(20), GROUPS, light="dark")
    write_run(tmp_path / "other", hits(20), GROUPS, **change)
    code, _, errors = darkhar("compare", tmp_path / "dark", tmp_path / "other")
    assert code == 2
    assert reason in errors


def test_runs_on_one_light_are_compared_as_ever(darkhar, tmp_path):
    for name, seed in (("a", 0), ("b", 1)):
        write_run(tmp_path / name, hits(20, seed=seed), GROUPS, light="dark", enhance=name)
    code, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert "twins" not in out
    assert "enhance=a" in out


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"scored": "another"},
            "the contents of 60 of 60 scored clips differ (v0 is another clip under the same name)",
        ),
        ({"content": "another", "scored": "same"}, "trained on other clips"),
    ],
)
def test_official_splits_of_other_contents_are_refused(darkhar, tmp_path, change, reason):
    write_run(tmp_path / "a", hits(10), GROUPS, folds=1, split="test")
    write_run(tmp_path / "b", hits(52, seed=1), GROUPS, folds=1, split="test", **change)
    code, _, errors = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 2
    assert reason in errors


def test_runs_without_digests_are_compared_with_a_warning(darkhar, tmp_path):
    for name in "ab":
        write_run(tmp_path / name, hits(20), GROUPS, split="test", scored=None)
    code, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 0
    assert "No digests of the scored clips are kept in" in out


def test_runs_that_keep_no_marks_of_their_training_clips_are_compared_with_a_warning(darkhar, tmp_path):
    for light in ("dark", "bright"):
        write_run(tmp_path / light, hits(20), GROUPS, light=light)
        facts = json.loads((tmp_path / light / "run.json").read_text())
        for fold in facts["folds"]:
            fold["training_twins"] = None
        (tmp_path / light / "run.json").write_text(json.dumps(facts))
    code, out, _ = darkhar("compare", tmp_path / "dark", tmp_path / "bright")
    assert code == 0
    assert "The runs saw twins" in out
    assert "No digests of the training clips are kept in" in " ".join(out.split())


def test_a_run_that_keeps_no_marks_beside_one_that_does_is_not_said_to_differ(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(20), GROUPS, content="")
    write_run(tmp_path / "b", hits(20), GROUPS, scored="")
    code, out, errors = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 0, errors
    assert "No digests of the training clips are kept in" in " ".join(out.split())
