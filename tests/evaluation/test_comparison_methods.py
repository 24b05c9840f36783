"""Methods compared: seeds are replicates, which is the baseline, and what tells methods apart."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.metrics import tables
from darkhar_cli.runs.run_folder import Run
from tests.helpers.compared_runs import GROUPS, hits, write_methods, write_run


def test_seeds_are_pooled_and_methods_compared(darkhar, tmp_path):
    code, out, _ = darkhar("compare", write_methods(tmp_path / "sweep"))
    assert code == 0
    table = pd.read_csv(tmp_path / "sweep" / "compare.csv").set_index("name")
    assert sorted(table.index) == ["enhance=gamma", "enhance=none"]
    assert table["seeds"].tolist() == [5, 5]
    assert table.loc["enhance=gamma", "verdict"] == "better"
    assert table["p"].notna().sum() == 1, "no seed is compared with a seed"
    assert table["mcnemar"].isna().all()
    recalls = [
        tables.per_clip(Run(folder).read("predictions.csv"), "validation").groupby("label")["right"].mean().mean()
        for folder in sorted((tmp_path / "sweep").glob("enhance=none*"))
    ]
    assert table.loc["enhance=none", "recall_macro"] == pytest.approx(np.mean(recalls))
    assert table.loc["enhance=none", "recall_sd"] == pytest.approx(np.std(recalls, ddof=1))
    assert "enhance=gamma is better than enhance=none by" in out
    assert "5 seeds, 60 clips in 12 groups" in out
    assert "trained models" not in out


def test_sweeps_over_other_seeds_are_the_same_methods(darkhar, tmp_path):
    some, others = write_methods(tmp_path / "s", (0, 1)), write_methods(tmp_path / "t", (2, 3, 4))
    whole = write_methods(tmp_path / "all")
    assert darkhar("compare", some, others, f"to={tmp_path / 'c.csv'}")[0] == 0
    assert darkhar("compare", whole, f"to={tmp_path / 'd.csv'}")[0] == 0
    ours, theirs = (pd.read_csv(tmp_path / name).drop(columns="folder") for name in ("c.csv", "d.csv"))
    pd.testing.assert_frame_equal(ours, theirs)


def test_seeds_of_one_method_are_not_compared(darkhar, tmp_path):
    code, out, _ = darkhar("compare", write_methods(tmp_path / "sweep", enhances=("none",)))
    assert code == 0
    assert "All 5 runs are seeds of one method" in out
    assert "better" not in out
    assert "No evidence" not in out


def test_methods_are_compared_by_the_seeds_that_both_have(darkhar, tmp_path):
    write_methods(tmp_path / "s", (0, 1, 2), ("none",))
    write_methods(tmp_path / "t", (1, 2, 3), ("gamma",))
    code, out, _ = darkhar("compare", tmp_path / "s", tmp_path / "t")
    assert code == 0
    assert "are compared by the seeds that both have; not by 0, 3" in out
    assert "2 seeds, 60 clips" in out
    write_methods(tmp_path / "u", (7, 8, 9), ("gamma",))
    _, out, _ = darkhar("compare", tmp_path / "s", tmp_path / "u")
    assert "have no seed in common; theirs are paired in ascending order" in out


def test_one_run_made_twice_is_compared_as_two(darkhar, tmp_path):
    write_methods(tmp_path / "s", (0, 1))
    write_methods(tmp_path / "t", (0, 1))
    code, _, _ = darkhar("compare", tmp_path / "s", tmp_path / "t", f"to={tmp_path / 'c.csv'}")
    assert code == 0
    assert pd.read_csv(tmp_path / "c.csv")["seeds"].tolist() == [2, 2, 2, 2]


def test_failed_and_unfinished_jobs_are_named_and_stop_nothing(darkhar, tmp_path):
    sweep = write_methods(tmp_path / "sweep", (0, 1))
    for name, error in (("broken", "out of memory"), ("killed", None)):
        job = Run(sweep / name)
        job.claim(name)
        if error:
            job.fail(error)
    code, out, _ = darkhar("compare", sweep)
    assert code == 0
    assert "broken has failed (out of memory): skipped" in out
    assert "killed is not finished: skipped" in out
    assert "enhance=gamma is better than enhance=none" in out or "No evidence" in out


@pytest.mark.parametrize("wanted", ["enhance=histeq", "enhance=histeq,seed=1", "FOLDER"])
def test_the_baseline_is_the_users(darkhar, tmp_path, wanted):
    sweep = write_methods(tmp_path / "sweep", (0, 1), ("gamma", "histeq", "log"))
    if wanted == "FOLDER":
        wanted = sweep / "enhance=histeq,seed=0"
    code, out, _ = darkhar("compare", sweep, f"baseline={wanted}")
    assert code == 0
    assert "against enhance=histeq" in out
    table = pd.read_csv(sweep / "compare.csv").set_index("name")
    assert table["verdict"].eq("baseline").sum() == 1
    assert table.loc["enhance=histeq", "verdict"] == "baseline"
    _, out, _ = darkhar("compare", sweep)
    assert "against enhance=gamma (baseline=... chooses another)" in out, "named where nobody chose"


def test_a_baseline_that_is_none_is_refused(darkhar, tmp_path):
    sweep = write_methods(tmp_path / "sweep", (0, 1))
    for wanted, said in (
        ("enhance=gama", "none of the methods: enhance=gamma, enhance=none; did you mean 'enhance=gamma'?"),
        ("sampler=u", "fits enhance=gamma, enhance=none; name one of them in full"),
    ):
        code, _, errors = darkhar("compare", sweep, f"baseline={wanted}")
        assert code == 2
        assert said in errors


def test_settings_tell_methods_of_the_same_labels_apart(darkhar, tmp_path):
    for units in (4, 8):
        for seed in (0, 1):
            config = {"classifier": {"name": "lstm", "units": units}, "seed": seed, "cv": {"seed": seed}}
            write_run(tmp_path / "s" / f"{units},{seed}", hits(20, seed=seed), GROUPS, seed=seed, config=config)
    (tmp_path / "s" / "sweep.csv").write_text("")
    assert darkhar("compare", tmp_path / "s")[0] == 0
    table = pd.read_csv(tmp_path / "s" / "compare.csv")
    assert sorted(table["name"]) == ["classifier.units=4", "classifier.units=8"]


def test_a_tracker_makes_no_other_method(darkhar, tmp_path):
    for enhance, right in (("none", 20), ("gamma", 50)):
        for seed, tracker in ((0, {"name": "none"}), (1, {"name": "mlflow", "folder": "kept"})):
            config = {"enhance": {enhance: {}}, "seed": seed, "cv": {"seed": 0}, "tracker": tracker}
            place = tmp_path / "s" / f"{enhance},{seed}"
            write_run(place, hits(right, seed=seed), GROUPS, seed=seed, enhance=enhance, config=config)
    (tmp_path / "s" / "sweep.csv").write_text("")
    assert darkhar("compare", tmp_path / "s")[0] == 0
    table = pd.read_csv(tmp_path / "s" / "compare.csv").set_index("name")
    assert table["seeds"].to_dict() == {"enhance=none": 2, "enhance=gamma": 2}
