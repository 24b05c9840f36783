"""Sweeps: a folder and a row per job, failures as rows, finished jobs kept."""

import pandas as pd

from darkhar_cli import caveats
from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.evaluation import sweep_table
from darkhar_cli.evaluation.conclusions import conclude
from darkhar_cli.report import terminal
from darkhar_cli.runs.run_folder import Run
from tests.conftest import FOLDS, TINY, only
from tests.helpers.made_runs import made_run, predictions

NUMBERS = ["n", "correct", "accuracy", "lower", "upper", "interval", "groups", "chance"]
NUMBERS += [f"{name}{end}" for name in ("recall", "f1") for end in ("_macro", "_lower", "_upper")]
NUMBERS += ["recall_folds", "recall_folds_lower", "recall_folds_upper", "loss", "epochs"]
NUMBERS += ["warnings", "skipped"]


def test_a_sweep_has_a_row_per_job_and_goes_on_after_a_failure(darkhar, own_clips, tmp_path):
    wrong = tmp_path / "wrong.weights.h5"
    wrong.write_bytes(b"no weights")
    base = ["train", "-m", *own_clips, *TINY, "train.epochs=1", "name=mine", "cv=holdout"]
    words = [*base, f"extractor.weights=none,{wrong}", "seed=0,1"]
    code, out, err = darkhar(*words)
    assert code == 1
    folder = tmp_path / "outputs" / "sweeps" / "mine"
    table = pd.read_csv(folder / "sweep.csv")
    assert table["status"].tolist() == ["done", "done", "failed", "failed"]
    assert list(table.columns) == [
        *FOLDS[:7],
        "repeat",
        "fold",
        "split",
        *NUMBERS,
        "extractor.weights",
        "status",
        "folder",
    ]
    assert table["seed"].tolist() == [0, 1, 0, 1]
    assert table.loc[0, "split"] == "test"
    assert out.count("failed") == 2 + 2, "of the grid, and under the methods as left out"
    assert "Traceback" not in err
    jobs = sorted(path for path in folder.iterdir() if path.is_dir())
    assert len(jobs) == 4
    failed = [job for job in jobs if (job / "error.txt").is_file()]
    assert len(failed) == 2
    assert not any((job / "DONE").is_file() for job in failed)
    done = [job for job in jobs if job not in failed]
    stamps = {job: (job / "predictions.csv").stat().st_mtime_ns for job in done}
    code, _, err = darkhar(*words)
    assert code == 1
    assert err.count("already done") == 2
    assert {job: (job / "predictions.csv").stat().st_mtime_ns for job in done} == stamps


def test_a_sweep_over_enhancements_ends_with_its_table(darkhar, own_clips, tmp_path):
    code, out, _ = darkhar("train", "-m", *own_clips, *TINY, "train.epochs=1", "enhance=none,[gamma,histeq]")
    assert code == 0
    folder = only(tmp_path / "outputs" / "sweeps")
    table = pd.read_csv(folder / "sweep.csv", keep_default_na=False)
    assert table["enhance"].tolist() == ["none", "gamma+histeq"]
    assert "sweep of 2 jobs" in out
    methods = pd.read_csv(folder / "methods.csv", keep_default_na=False)
    assert sorted(methods["name"]) == ["enhance=gamma+histeq", "enhance=none"]
    assert "these two trained models" in out
    assert "-m seed=0,1,2,3,4" in out
    assert {job.name for job in folder.iterdir() if job.is_dir()} == {"enhance=none", "enhance=gamma,histeq"}


def test_a_sweep_over_a_group_and_its_parameter(darkhar, own_clips, tmp_path):
    tiny = [word for word in TINY if word != "sampler.frames=3"]
    words = ["train", "-m", *own_clips, *tiny, "train.epochs=1", "cv=holdout", "name=grid"]
    code, _, err = darkhar(*words, "sampler=uniform,linspace", "++sampler.frames=1,2")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "outputs" / "sweeps" / "grid" / "sweep.csv")
    assert table["sampler"].tolist() == ["uniform", "uniform", "linspace", "linspace"]
    assert table["sampler.frames"].tolist() == [1, 2, 1, 2]
    assert set(table["status"]) == {"done"}
    code, _, err = darkhar(*words, "sampler=uniform,linspace", "++sampler.frames=1,2", "classifier.units=4")
    assert code == 2
    assert "holds another experiment" in err


def test_a_sweep_over_seeds_shares_its_folds_and_ends_with_its_methods(darkhar, own_clips, tmp_path):
    words = ["train", "-m", *own_clips, *TINY, "train.epochs=1", "cv.folds=2", "name=seeds"]
    code, out, err = darkhar(*words, "seed=0,1", "enhance=none,gamma")
    assert code == 0, err
    folder = tmp_path / "outputs" / "sweeps" / "seeds"
    jobs = [folder / name for name in pd.read_csv(folder / "sweep.csv")["folder"]]
    assert len({(job / "assignment.csv").read_bytes() for job in jobs}) == 1, "the same folds"
    assert all("seed: 0" in (job / "config.yaml").read_text().split("cv:")[1] for job in jobs)
    table = pd.read_csv(folder / "methods.csv", keep_default_na=False).set_index("name")
    assert table["seeds"].to_dict() == {"enhance=none": 2, "enhance=gamma": 2}
    assert table.loc["enhance=none", "verdict"] == "baseline"
    assert "against enhance=none" in out
    assert str(folder / "methods.csv") in out


# jobs made by hand

GROUPS = [f"g{i // 5:02}" for i in range(60)]


def job(folder, seed=0, enhance="none", said=(), count=3):
    """Make a finished job: two folds of one class each in turn, so many of five clips of a group right."""
    table = predictions([i % 5 < count for i in range(60)], GROUPS)
    table["fold"] = [int(group[1:]) // 2 % 2 for group in table["group"]]
    table = table.sort_values(["split", "repeat", "fold", "id"], ignore_index=True)
    run = made_run(folder, table, enhance=enhance, seed=seed)
    run.add_facts(caveats=caveats.stored(Caveat(Kind.OTHER, text) for text in said))
    conclude(run)
    run.save("assignment.csv", table[["repeat", "fold", "id", "split", "group", "label"]].assign(digest=table["id"]))
    run.finish()
    return folder


def sweep_of(place, *folders):
    return sweep_table.save_sweep(place, {folder: {"enhance": folder.name} for folder in folders}, ["enhance"])


def test_only_the_jobs_of_its_table_are_compared_wherever_they_are(darkhar, tmp_path):
    sweep = tmp_path / "sweep"
    ours = [job(sweep / "deep" / "down" / name, enhance=name) for name in ("none", "gamma")]
    job(sweep / "before", enhance="histeq")  # of an earlier sweep under the same name
    Run(failed := sweep / "deep" / "broken").claim("x")
    Run(failed).fail("out of memory")
    table = sweep_of(sweep, *ours, failed)
    assert table["folder"].tolist() == ["deep/down/none", "deep/down/gamma", "deep/broken"]
    found = sweep_table.save_methods(sweep)
    assert sorted(found.table["name"]) == ["enhance=gamma", "enhance=none"]
    assert found.notes[0] == f"{failed} has failed (out of memory): skipped"
    code, out, errors = darkhar("compare", sweep)
    assert code == 0, errors
    assert sorted(pd.read_csv(sweep / "compare.csv")["name"]) == ["enhance=gamma", "enhance=none"]
    assert "deep/broken has failed (out of memory): skipped" in out


def test_a_job_of_the_table_that_is_gone_is_named(tmp_path):
    jobs = [job(tmp_path / name, enhance=name) for name in ("none", "gamma")]
    sweep_of(tmp_path, *jobs, tmp_path / "gone")
    assert f"{tmp_path / 'gone'} is no run folder: skipped" in sweep_table.save_methods(tmp_path).notes


def test_fewer_than_two_finished_jobs_are_no_methods_whatever_else_is_there(tmp_path):
    job(tmp_path / "before", enhance="histeq")
    sweep_of(tmp_path, job(tmp_path / "none"), tmp_path / "killed")
    (tmp_path / "methods.csv").write_text("of an earlier sweep")
    assert sweep_table.save_methods(tmp_path) is None
    assert not (tmp_path / "methods.csv").exists()


def test_what_limits_its_numbers_is_in_its_table_and_under_the_grid(tmp_path, capsys):
    said = [["synthetic clips", "a leak"], ["synthetic clips"]]
    jobs = [job(tmp_path / str(i), seed=i, said=texts) for i, texts in enumerate(said)]
    table = sweep_of(tmp_path, *jobs, tmp_path / "killed")
    assert table["warnings"].tolist() == ["synthetic clips; a leak", "synthetic clips", ""]
    assert table["skipped"].tolist() == [0, 0, ""]
    assert pd.read_csv(tmp_path / "sweep.csv", keep_default_na=False)["warnings"].tolist() == table["warnings"].tolist()
    terminal.show_sweep(table, tmp_path, ["seed"])
    assert capsys.readouterr().out.count(terminal.ABOUT) == 1
    terminal.show_sweep_limits(table, tmp_path)
    assert capsys.readouterr().out.splitlines() == ["chance 50.0 %", "warning: synthetic clips", "warning: a leak"]
    terminal.show_sweep_limits(table[table["status"] == "unfinished"], tmp_path)
    assert capsys.readouterr().out == ""
