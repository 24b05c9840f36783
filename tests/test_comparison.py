"""Runs compared: what is a method, what is paired, what is refused, and what may be said."""

import json

import numpy as np
import pandas as pd
import pytest

from darkhar_cli import metrics
from darkhar_cli.runs import Run
from tests.test_metrics import LABELS, table_of

GROUPS = [f"g{i // 5}" for i in range(60)]


_OTHER = (("warnings", None), ("config", {}), ("chance", None))


def write_run(folder, right, groups=None, folds=2, content="same", light="", twins="", split="validation", **labels):
    """Write what a finished run leaves of clips that were right or not; with a light, of clips that have twins."""
    scored = labels.pop("scored", content)
    warnings, config, chance = (labels.pop(key, default) for key, default in _OTHER)
    table, names = table_of(right, groups, split)
    if light:
        table = table.assign(twin=table["id"].map(lambda name: f"{twins}t{name}"), light=light)
        table["id"] = table["id"] + f"_{light}"
    table["fold"] = [i % folds for i in range(len(table))]
    table = table.sort_values(metrics.KEYS)
    run = Run(folder)
    run.claim("x")
    run.save("predictions.csv", table.drop(columns=["twin", "light"], errors="ignore"))
    run.save("metrics/folds.csv", metrics.folds_table(table, names, LABELS | {"seed": 0} | labels, {}))
    lit = ["twin", "light"] if light else []
    table["digest"] = scored + table["id"] if scored is not None else ""
    kept = ["digest"] if scored is not None else []
    run.save("assignment.csv", table[["repeat", "fold", "id", "split", "group", "label", *kept, *lit]])
    summary = {"split": [split], "warnings": [warnings], "chance": [chance]}
    if kept := {key: cell for key, cell in summary.items() if cell != [None]}.keys() - {"split"}:
        run.save("metrics/summary.csv", pd.DataFrame({key: summary[key] for key in ("split", *sorted(kept))}))
    fold = {"repeat": 0, "fold": 0, "training_ids": content + light}
    run.add_facts(folds=[fold | {"training_twins": twins + content if light else None}])
    if light:
        dataset = {"name": "dark_synth", "light": light, "data_dir": str(folder)}
        config = config | {"dataset": dataset}
    if config:
        (folder / "config.yaml").write_text(json.dumps(config))
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


# methods and seeds


def write_methods(place, seeds=(0, 1, 2, 3, 4), enhances=("none", "gamma"), gain=40, **more):
    """Write runs of methods with several seeds, the second better by so many clips."""
    for i, enhance in enumerate(enhances):
        for seed in seeds:
            right = hits(15 + gain * i + seed % 2, seed=100 * i + seed)
            config = {"enhance": {enhance: {}}, "seed": seed, "cv": {"name": "stratified", "seed": 0}}
            folder = place / f"enhance={enhance},seed={seed}"
            write_run(folder, right, GROUPS, enhance=enhance, seed=seed, config=config, **more)
    (place / "sweep.csv").write_text("")
    return place


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
        metrics.per_clip(Run(folder).read("predictions.csv"), "validation").groupby("label")["right"].mean().mean()
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
    assert "against enhance=gamma (baseline=... takes another)" in out, "named where nobody chose"


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


def test_the_runs_warnings_are_compares(darkhar, tmp_path):
    write_run(tmp_path / "a", hits(20), GROUPS, warnings="folds are by clip; synthetic clips")
    write_run(tmp_path / "b", hits(20), GROUPS, warnings="synthetic clips")
    _, out, _ = darkhar("compare", tmp_path / "a", tmp_path / "b", f"to={tmp_path / 'c.csv'}")
    assert "warning: folds are by clip (a)" in out
    assert "warning: synthetic clips\n" in out
    table = pd.read_csv(tmp_path / "c.csv", keep_default_na=False).set_index("name")
    assert table.loc["a", "warnings"] == "folds are by clip; synthetic clips"


def test_help_has_three_examples(darkhar):
    _, out, _ = darkhar("compare", "--help")
    assert sum(line.startswith("  darkhar compare") for line in out.splitlines()) == 3
