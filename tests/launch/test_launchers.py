"""Launchers and sweepers of Hydra's: a job has all it needs in whatever process it runs."""

import pandas as pd
import pytest

from tests.conftest import program
from tests.helpers.fresh_launcher import write_plugins


@pytest.fixture
def sweep(tmp_path, clip_folder):
    """Run a sweep with a user's own option through the launcher; return the answer and its table."""
    (tmp_path / "own" / "sampler").mkdir(parents=True)
    (tmp_path / "own" / "sampler" / "mine.yaml").write_text("# Mine.\nname: uniform\nframes: 5\nshort: loop\n")
    path = {"PYTHONPATH": str(write_plugins(tmp_path / "plugins"))}

    def run(*words):
        data = ["dataset=video_folder", f"dataset.root={clip_folder}", "sampler=mine", "name=mine"]
        command = ["train", "-m", *data, "hydra/launcher=fresh", *words, "--config-dir", "own"]
        answer = program(*command, cwd=tmp_path, env=path)
        table = tmp_path / "outputs" / "sweeps" / "mine" / "sweep.csv"
        return answer, pd.read_csv(table, keep_default_na=False) if table.is_file() else None

    return run


def test_a_fresh_process_knows_the_users_own_options(sweep, tmp_path):
    answer, table = sweep("seed=0,1")
    assert answer.returncode == 1, answer.stderr  # the stand-in fails, which the table says
    assert table["status"].tolist() == ["failed", "failed"], answer.stderr
    assert table["seed"].tolist() == [0, 1]
    assert table["folder"].tolist() == ["seed=0", "seed=1"]
    said = tmp_path / "outputs" / "sweeps" / "mine" / "seed=1"
    assert (said / "error.txt").read_text() == "sampler.frames=5\n"
    assert "folds: null\n  seed: 0" in (said / "config.yaml").read_text(), "replicates share their folds"


def test_a_sweeper_draws_jobs_that_are_checked_when_they_start(sweep, tmp_path):
    answer, table = sweep(
        "sampler.frames=int(interval(1,9))", "hydra/sweeper=draw", "hydra.sweep.subdir=${hydra.job.num}"
    )
    assert answer.returncode == 1, answer.stderr
    assert table["sampler.frames"].tolist() == [2, 3, -1], "its jobs, as their folders say"
    assert table["folder"].tolist() == [0, 1, 2]
    refused = tmp_path / "outputs" / "sweeps" / "mine" / "2" / "error.txt"
    assert refused.read_text().startswith("sampler.frames=-1: allowed is a whole number of at least 1")


def test_an_interval_out_of_bounds_is_refused_before_a_job_starts(sweep):
    answer, table = sweep("sampler.frames=int(interval(-3,9))", "hydra/sweeper=draw")
    assert (answer.returncode, table) == (2, None)
    assert "sampler.frames=-3: allowed is" in answer.stderr
