"""One command several times at once: it is run once, the others wait, and one of them goes on for a dead one."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd

from tests.conftest import TINY


def start(words, place):
    command = [sys.executable, "-m", "darkhar_cli", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=place, env={**os.environ, "COLUMNS": "200"}, **pipes)


def until(condition, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_a_run_started_four_times_is_run_once_and_survives_the_first(own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=40", "train.early_stopping=false", "hydra.run.dir=run"]
    run = tmp_path / "run"
    first = start(words, tmp_path)
    until(lambda: list(run.glob(".folds/*/facts.json")))
    first.send_signal(signal.SIGSTOP)  # held up, it keeps its claim
    others = [start(words, tmp_path) for _ in range(3)]
    told = [other.stderr.readline() for other in others]
    for line in told:
        assert f"run folder {run} is in use by process {first.pid} on " in line
        assert "waiting until it is done" in line
    first.send_signal(signal.SIGKILL)
    first.communicate()
    answers = [other.communicate(timeout=250) for other in others]
    assert [other.returncode for other in others] == [0, 0, 0], answers
    assert sum("already done" in err for _, err in answers) == 2
    assert sum("fold 0: finished before, kept" in err for _, err in answers) == 1, "one goes on where the first stopped"
    assert (run / "DONE").is_file()
    assert not (run / "error.txt").exists()
    assert [path.name for path in run.rglob(".*")] == [], "no claim, no temporary file"


def test_a_sweep_started_twice_has_one_table_of_the_folders_it_used(own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=1", "hydra.sweep.dir=sweep", "-m", "enhance=none,gamma"]
    words.append(f"dataset.data_dir={tmp_path / 'data'}")  # prepared by one of them
    words.append("hydra.sweep.subdir=job_${hydra.job.num}")
    both = [start(words, tmp_path) for _ in range(2)]
    answers = [one.communicate(timeout=280) for one in both]
    assert [one.returncode for one in both] == [0, 0], answers
    table = pd.read_csv(tmp_path / "sweep" / "sweep.csv")
    assert table["status"].tolist() == ["done", "done"]
    assert table["enhance"].tolist() == ["none", "gamma"]
    assert sorted(path.name for path in (tmp_path / "sweep").iterdir()) == [
        *("job_0", "job_1", "methods.csv", "sweep.csv")
    ]
    logs = [(tmp_path / "sweep" / f"job_{number}" / "log.txt").read_text() for number in (0, 1)]
    assert [log.count("mode ") for log in logs] == [1, 1], "each was trained once"
