"""Sweeps: a folder and a row per job, failures as rows, finished jobs kept."""

import pandas as pd

from tests.conftest import FOLDS, TINY, only

NUMBERS = ["n", "correct", "accuracy", "lower", "upper", "interval", "groups", "chance"]
NUMBERS += [f"{name}{end}" for name in ("recall", "f1") for end in ("_macro", "_lower", "_upper")]
NUMBERS += ["recall_folds", "recall_folds_lower", "recall_folds_upper", "loss", "epochs"]


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
    assert list(table.columns) == [*FOLDS[:7], "repeat", "fold", "split", *NUMBERS, "extractor.weights", "status"]
    assert table["seed"].tolist() == [0, 1, 0, 1]
    assert table.loc[0, "split"] == "test"
    assert out.count("failed") == 2
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
    assert {job.name for job in folder.iterdir() if job.is_dir()} == {"enhance=none", "enhance=gamma,histeq"}


def test_a_sweep_over_a_group_and_its_parameter(darkhar, own_clips, tmp_path):
    words = ["train", "-m", *own_clips, *TINY[1:], "train.epochs=1", "cv=holdout", "name=grid"]
    code, _, err = darkhar(*words, "sampler=uniform,linspace", "++sampler.frames=1,2")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "outputs" / "sweeps" / "grid" / "sweep.csv")
    assert table["sampler"].tolist() == ["uniform", "uniform", "linspace", "linspace"]
    assert table["sampler.frames"].tolist() == [1, 2, 1, 2]
    assert set(table["status"]) == {"done"}
    code, _, err = darkhar(*words, "sampler=uniform,linspace", "++sampler.frames=1,2", "classifier.units=4")
    assert code == 2
    assert "holds another experiment" in err
