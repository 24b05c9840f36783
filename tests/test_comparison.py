"""Runs paired clip by clip: what is compared, what is refused, and what may be said."""

import json

import numpy as np
import pandas as pd
import pytest

from darkhar_cli import metrics
from darkhar_cli.runs import Run
from tests.test_metrics import LABELS, table_of

GROUPS = [f"g{i // 5}" for i in range(60)]


def write_run(folder, right, groups=None, folds=2, content="same", light="", twins="", **labels):
    """Write what a finished run leaves of clips that were right or not; with a light, of clips that have twins."""
    table, names = table_of(right, groups)
    if light:
        table = table.assign(twin=table["id"].map(lambda name: f"{twins}t{name}"), light=light)
        table["id"] = table["id"] + f"_{light}"
    table["fold"] = [i % folds for i in range(len(table))]
    table = table.sort_values(metrics.KEYS)
    run = Run(folder)
    run.claim("x")
    run.save("predictions.csv", table.drop(columns=["twin", "light"], errors="ignore"))
    run.save("metrics/folds.csv", metrics.folds_table(table, names, LABELS | labels, {}))
    lit = ["twin", "light"] if light else []
    run.save("assignment.csv", table[["repeat", "fold", "id", "split", "group", "label", *lit]])
    fold = {"repeat": 0, "fold": 0, "training_ids": content + light}
    run.add_facts(folds=[fold | {"training_twins": twins + content if light else None}])
    if light:
        dataset = {"name": "dark_synth", "light": light, "data_dir": str(folder)}
        (folder / "config.yaml").write_text(json.dumps({"dataset": dataset}))
    run.finish()
    return folder


def hits(count, n=60, seed=0):
    right = np.zeros(n, bool)
    right[np.random.default_rng(seed).permutation(n)[:count]] = True
    return right


def test_identical_predictions_have_p_1_and_no_evidence(darkhar, tmp_path):
    for name in "ab":
        write_run(tmp_path / name, hits(20), GROUPS)
    code, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    table = pd.read_csv(tmp_path / "c.csv")
    assert table["p"].dropna().tolist() == [1.0]
    assert table["mcnemar"].dropna().tolist() == [1.0]
    assert "No evidence of a difference between a and b" in out


def test_a_planted_difference_is_found_and_said(darkhar, tmp_path):
    write_run(tmp_path / "plain", hits(15), GROUPS, enhance="none")
    write_run(tmp_path / "lit", hits(52, seed=1), GROUPS, enhance="histeq")
    code, out, _ = darkhar("compare", tmp_path / "lit", tmp_path / "plain", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    assert "enhance=histeq is better than enhance=none by 61.7 points" in out
    table = pd.read_csv(tmp_path / "c.csv").set_index("name")
    assert table.loc["enhance=none", "verdict"] == "baseline", "enhance=none is what others are compared with"
    assert table.loc["enhance=histeq", "verdict"] == "better"
    assert table.loc["enhance=histeq", "rank"] == 1
    assert table.loc["enhance=histeq", "p_holm"] < 0.05


def test_a_sweep_is_compared_job_by_job(darkhar, tmp_path):
    for i, name in enumerate(("none", "gamma", "histeq")):
        write_run(tmp_path / "sweep" / name, hits(20, seed=i), GROUPS, enhance=name)
    (tmp_path / "sweep" / "sweep.csv").write_text("")
    (tmp_path / "sweep" / "failed").mkdir()
    code, out, _ = darkhar("compare", tmp_path / "sweep")
    assert code == 0
    table = pd.read_csv(tmp_path / "sweep" / "compare.csv")
    assert len(table) == 3
    assert (table["p_holm"].dropna() >= table["p"].dropna()).all()
    assert out.count("No evidence") == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"right": hits(20, 55), "groups": GROUPS[:55]}, "they score different clips"),
        ({"right": hits(20), "groups": GROUPS[::-1]}, "different labels or groups"),
        ({"right": hits(20), "groups": GROUPS, "folds": 3}, "their folds differ"),
        ({"right": hits(20), "groups": GROUPS, "content": "another"}, "the clips' contents differ"),
    ],
)
def test_what_cannot_be_paired_is_refused_with_the_reason(darkhar, tmp_path, change, reason):
    write_run(tmp_path / "a", hits(20), GROUPS)
    write_run(tmp_path / "b", **change)
    code, _, errors = darkhar("compare", tmp_path / "a", tmp_path / "b")
    assert code == 2
    assert reason in errors


def test_wrong_requests_are_refused(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(20), GROUPS)
    unfinished = Run(tmp_path / "unfinished")
    unfinished.claim("y")
    (tmp_path / "empty").mkdir()
    for words, reason in (
        ([tmp_path / "a"], "needs two or more finished runs"),
        ([tmp_path / "a", tmp_path / "unfinished"], "is not finished"),
        ([tmp_path / "a", tmp_path / "empty"], "is no run folder"),
        ([tmp_path / "a", tmp_path / "nowhere"], "no such folder"),
        ([tmp_path / "a", tmp_path / "a", "two=x"], "compare does not know 'two=x'"),
    ):
        code, _, errors = darkhar("compare", *words)
        assert code == 2, words
        assert reason in errors


def test_runs_without_groups_are_compared_by_clip(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(10))
    write_run(tmp_path / "b", hits(50, seed=3))
    _, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert "b is better than a" in out
    assert "taken as independent" in out


def test_the_first_with_enhance_none_is_the_baseline_of_a_grid(darkhar, tmp_path):
    for i, (sampler, enhance) in enumerate([("a", "gamma"), ("a", "none"), ("b", "gamma"), ("b", "none")]):
        write_run(tmp_path / "sweep" / str(i), hits(20, seed=i), GROUPS, sampler=sampler, enhance=enhance)
    (tmp_path / "sweep" / "sweep.csv").write_text("")
    assert darkhar("compare", tmp_path / "sweep")[0] == 0
    table = pd.read_csv(tmp_path / "sweep" / "compare.csv").set_index("name")
    assert table.loc["sampler=a enhance=none", "verdict"] == "baseline"
    assert (table["verdict"] == "baseline").sum() == 1


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
        ({"light": "bright", "content": "another"}, "the clips' contents differ"),
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


def test_clips_scored_several_times_count_once_in_mcnemars_test():
    from darkhar_cli import paired

    a = pd.DataFrame({"id": range(20), "group": "", "right": 0.05})
    assert paired.compare(a, a.assign(right=1.0))["mcnemar"] < 1e-5
