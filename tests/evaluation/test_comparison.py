"""Runs compared: who is better, by how much, whether that is evidence, and what may be said."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.runs.run_folder import Run
from tests.helpers.compared_runs import GROUPS, hits, write_run


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
    assert table.loc["enhance=histeq", "verdict"] == "better model"
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


def test_wrong_requests_are_refused(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(20), GROUPS)
    unfinished = Run(tmp_path / "unfinished")
    unfinished.claim("y")
    (tmp_path / "empty").mkdir()
    for words, reason in (
        ([tmp_path / "a"], "needs two or more finished runs"),
        ([tmp_path / "a", tmp_path / "unfinished"], "unfinished is not finished: skipped"),
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


@pytest.mark.parametrize("enhances", [("gamma",), ("gamma", "histeq", "agcwd", "clahe")])
def test_the_smallest_difference_is_one_number_in_table_and_sentence(darkhar, tmp_path, enhances):
    for i, enhance in enumerate(("none", *enhances)):
        write_run(tmp_path / enhance, hits(30, seed=i), GROUPS, enhance=enhance)
    names = [tmp_path / name for name in ("none", *enhances)]
    _, out, _ = darkhar("compare", *names, f"to={tmp_path / 'c.csv'}")
    smallest = pd.read_csv(tmp_path / "c.csv")["smallest"].dropna()
    assert len(smallest) == out.count("80 % power") >= 1
    for value in smallest:
        assert f"(80 % power) is {100 * value:.1f} points." in " ".join(out.split())


def test_backgrounds_that_one_run_knows_are_the_clusters_of_all(darkhar, tmp_path):
    for name in "abc":
        write_run(tmp_path / name, hits(20, seed=ord(name)))
        if name == "c":
            place = tmp_path / name / "predictions.csv"
            table = pd.read_csv(place, dtype={"id": str})
            table.assign(scene=[f"scene {i % 12}" for i in range(60)]).to_csv(place, index=False)
    darkhar("compare", *(tmp_path / name for name in "abc"), f"to={tmp_path / 'c.csv'}")
    assert pd.read_csv(tmp_path / "c.csv")["over"].tolist() == ["12 backgrounds"] * 3


def test_the_terminal_says_what_intervals_rest_on(darkhar, tmp_path):
    for name in "ab":
        write_run(tmp_path / name, hits(20), GROUPS)
    _, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert "95 % intervals: cluster-robust over 12 groups" in out


def test_chance_is_that_of_all_classes_not_of_those_that_occur(darkhar, tmp_path):
    for name in "ab":
        write_run(tmp_path / name, hits(2, 4), [f"g{i}" for i in range(4)])  # four of the six classes
    code, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    assert pd.read_csv(tmp_path / "c.csv")["chance"].tolist() == pytest.approx([1 / 6, 1 / 6])
    assert "chance 16.7 %" in out


def test_chance_is_the_summarys_of_the_runs_own_folds(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(2), GROUPS, chance=0.088)
    write_run(tmp_path / "b", hits(2, seed=1), GROUPS, chance=0.088)
    code, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    assert pd.read_csv(tmp_path / "c.csv")["chance"].tolist() == pytest.approx([0.088, 0.088])
    assert "chance 8.8 %" in out
    assert "Neither is shown to be above chance (8.8 %)." in out


def test_the_difference_is_in_macro_recall_with_the_share_beside_it(darkhar, tmp_path):
    write_run(tmp_path / "a", np.arange(60) % 6 < 3, GROUPS)
    write_run(tmp_path / "b", np.arange(60) % 6 < 5, GROUPS)
    _, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    table = pd.read_csv(tmp_path / "c.csv").set_index("name")
    assert table["recall_macro"].to_dict() == pytest.approx({"a": 3 / 6, "b": 5 / 6})
    row = table.loc["b"]
    assert row["difference"] == pytest.approx(table.loc["b", "recall_macro"] - table.loc["a", "recall_macro"])
    assert row["share_difference"] == pytest.approx(table.loc["b", "accuracy"] - table.loc["a", "accuracy"])
    assert row["difference_lower"] < row["difference"] < row["difference_upper"]
    assert "Of these two trained models, b is better than a by 33.3 points of macro recall" in out


def test_the_runs_warnings_are_compares(darkhar, tmp_path):
    said = [Caveat(Kind.UNGROUPED, "folds are by clip"), Caveat(Kind.OTHER, "synthetic clips", "validation")]
    write_run(tmp_path / "a", hits(20), GROUPS, warnings=[*said, Caveat(Kind.LEAK, "of the test clips", "test")])
    write_run(tmp_path / "b", hits(20), GROUPS, warnings=said[1:])
    _, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert "warning: folds are by clip (a)" in out
    assert "warning: synthetic clips\n" in out
    table = pd.read_csv(tmp_path / "c.csv", keep_default_na=False).set_index("name")
    assert table.loc["a", "warnings"] == "folds are by clip; synthetic clips"
    assert "of the test clips" not in out


def test_help_has_three_examples(darkhar):
    _, out, _ = darkhar("compare", "--help")
    assert sum(line.startswith("  darkhar compare") for line in out.splitlines()) == 3
