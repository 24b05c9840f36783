"""Runs in processes of their own: killed and resumed, over many folds, and as a new user starts them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from tests.conftest import TINY, program, write_clips
from tests.helpers.run_tables import bytes_of


def test_a_killed_run_goes_on_and_ends_with_the_same_tables(own_clips, tmp_path, home):
    words = ["train", *own_clips, *TINY, "train.epochs=6", "train.early_stopping=false"]
    whole = program(*words, "hydra.run.dir=whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    command = [sys.executable, "-m", "darkhar_cli", *words, "hydra.run.dir=cut"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "cut").glob(".folds/*/facts.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "DONE").exists()
    resumed = program(*words, "hydra.run.dir=cut", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "fold 0: finished before, kept" in resumed.stderr
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def test_memory_does_not_grow_over_folds(own_clips, tmp_path):
    """Eight folds need hardly more than two: each fold's model goes with it."""
    code = (
        "import resource, sys\nfrom darkhar_cli import cli\n"
        "from darkhar_cli.training import cross_validation as runner\n"
        "peaks, run_fold = [], runner.run_fold\n"
        "def watched(*a):\n"
        "    run_fold(*a)\n"
        "    peaks.append(int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20)\n"
        "runner.run_fold = watched\n"
        "assert cli.main(sys.argv[1:]) == 0\nprint(peaks, file=sys.stderr)\n"
    )
    write_clips(tmp_path / "many", takes=8)
    words = [
        "train",
        "dataset=video_folder",
        f"dataset.root={tmp_path / 'many'}",
        *TINY,
        "train.epochs=1",
        "cv.folds=8",
    ]
    answer = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    peaks = json.loads(answer.stderr.splitlines()[-1])
    assert len(peaks) == 8
    assert peaks[-1] < 1.1 * peaks[1], peaks


def test_memory_does_not_grow_over_the_jobs_of_a_sweep(own_clips, tmp_path):
    """Twelve jobs that are trained end to end need hardly more than five: each job's model and graph go with it."""
    code = (
        "import sys\nfrom darkhar_cli import cli\nfrom darkhar_cli.launch import sweep\n"
        "sizes, train = [], sweep.train\n"
        "def watched(*a, **k):\n"
        "    found = train(*a, **k)\n"
        "    sizes.append(int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20)\n"
        "    return found\n"
        "sweep.train = watched\n"
        "assert cli.main(sys.argv[1:]) == 0\nprint(sizes, file=sys.stderr)\n"
    )
    seeds = ",".join(map(str, range(12)))
    words = ["train", "-m", *own_clips, *TINY, "train.epochs=1", "cv.folds=2", f"seed={seeds}", "hydra.sweep.dir=sweep"]
    answer = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    sizes = json.loads(answer.stderr.splitlines()[-1])
    assert len(sizes) == 12
    assert sizes[-1] < 1.03 * sizes[4], sizes


def test_the_smoke_experiment_in_a_process_of_its_own(tmp_path):
    answer = program(
        "train", "experiment=smoke", cwd=tmp_path, env={"DARKHAR_HOME": str(tmp_path / "home")}, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert "synthetic" in answer.stdout
    assert "WARNING" not in answer.stderr
    assert "port.cc" not in answer.stderr
    shutil.rmtree(tmp_path / "home")
