"""Engines run tasks in other processes: order, failures, devices and threads settled before TensorFlow is there."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from darkhar_cli import ambient
from darkhar_cli.errors import BadRequest
from darkhar_cli.launch.launchers import chosen, surroundings
from darkhar_cli.launch.launchers.contract import Task
from darkhar_cli.launch.works import by_features, in_order
from tests.conftest import ROOT
from tests.helpers.engine_work import broken, gone, seen
from tests.helpers.fake_slurm import write_slurm

LOCAL = [("joblib", {"n_jobs": 2}), ("submitit_local", {"n_jobs": 2})]
GOLDEN = Path(__file__).with_name("golden_sbatch.sh")


def tasks(works, launcher, place, devices=None):
    around = surroundings.of_this_process(launcher.threads, devices or launcher.devices, place)
    return [Task(((number, work),), around) for number, work in enumerate(works)]


def installed(name):
    try:
        chosen.refuse_missing(name)
    except BadRequest as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(("name", "settings"), LOCAL)
def test_tasks_have_devices_and_threads_of_their_own_and_fail_alone(name, settings, tmp_path, monkeypatch):
    installed(name)
    monkeypatch.setenv("DARKHAR_OWN", "handed on")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    launcher = chosen.build_launcher(name, {**settings, "threads": 3}, tmp_path / "logs")
    works = [partial(seen, tmp_path, 0), partial(seen, tmp_path, 1), broken]
    ended = [one for done in launcher.run(tasks(works, launcher, tmp_path, ("0", "1"))) for one in done]
    by_number = {one.number: one for one in ended}
    assert sorted(by_number) == [0, 1, 2]
    assert by_number[2].problem == "no such weights"
    found = [by_number[number].value for number in (0, 1)]
    assert sorted(one.pop("CUDA_VISIBLE_DEVICES") for one in found) == ["0", "1"], "one GPU each"
    assert found == [{"DARKHAR_THREADS": "3", "OMP_NUM_THREADS": "3", "DARKHAR_OWN": "handed on", "early": True}] * 2


@pytest.mark.parametrize(("name", "settings"), LOCAL)
def test_a_process_that_dies_costs_no_other_job(name, settings, tmp_path, monkeypatch):
    installed(name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    launcher = chosen.build_launcher(name, settings, tmp_path / "logs")
    ended = [one for done in launcher.run(tasks([int, gone, int], launcher, tmp_path)) for one in done]
    assert {one.number: bool(one.problem) for one in ended} == {0: False, 1: True, 2: False}


def test_jobs_at_once_share_out_the_cores(monkeypatch):
    from darkhar_cli.launch.launchers import joblib

    monkeypatch.setattr(joblib, "cores", lambda: 12)
    monkeypatch.setattr(joblib, "gpus", lambda: ("0", "1", "2"))
    assert (joblib.JoblibLauncher().at_once, joblib.JoblibLauncher().threads) == (3, 4), "a job per GPU"
    assert joblib.JoblibLauncher(n_jobs=5).threads == 2
    monkeypatch.setattr(joblib, "gpus", lambda: ())
    assert (joblib.JoblibLauncher().at_once, joblib.JoblibLauncher().threads) == (12, 1)


def test_gpus_are_those_that_may_be_seen(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-f00")
    assert surroundings.gpus() == ("2", "GPU-f00")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert surroundings.gpus() == ()


def test_threads_are_a_whole_number(monkeypatch):
    monkeypatch.setenv(ambient.THREADS, "4")
    assert (ambient.threads(), ambient.cores()) == (4, 4)
    assert ambient.switches() == {}, "they belong to no run's identity"
    monkeypatch.setenv(ambient.THREADS, "many")
    with pytest.raises(BadRequest, match=r"DARKHAR_THREADS=many: allowed is a whole number"):
        ambient.threads()


def test_the_script_that_slurm_is_given(tmp_path, monkeypatch):
    installed("submitit_slurm")
    monkeypatch.setenv("PATH", write_slurm(tmp_path / "slurm"))
    settings = {"partition": "gpu", "gpus_per_node": 1, "setup": ["module load cuda"], "parameters": {"account": "me"}}
    launcher = chosen.build_launcher("submitit_slurm", settings, tmp_path / "logs")
    monkeypatch.setattr(type(launcher), "_finished", lambda self, running: running.clear() or iter(()))
    list(launcher.run(tasks([int, int, int], launcher, tmp_path)))
    script = (tmp_path / "slurm" / "submitted.sh").read_text()
    script = script.replace(str(tmp_path), "PLACE").replace(sys.executable, "PYTHON")
    assert re.sub(r"PLACE/logs/\S*/", "PLACE/logs/", script) == GOLDEN.read_text()


def test_without_slurm_that_is_said(tmp_path, monkeypatch):
    installed("submitit_slurm")
    from darkhar_cli.errors import FailedWork

    monkeypatch.setenv("PATH", str(tmp_path))
    launcher = chosen.build_launcher("submitit_slurm", {}, tmp_path)
    with pytest.raises(FailedWork, match=r"hydra/launcher=submitit_slurm: .*srun"):
        list(launcher.run([]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "hydra.launcher.n_jobs=0: allowed is"),
        (["hydra/launcher=joblib", "hydra.launcher.njobs=2"], "Key 'njobs' is not in struct"),
        (["hydra/launcher=joblb"], "did you mean 'joblib'"),
    ],
)
def test_a_wrong_launcher_is_refused_before_anything_is_prepared(darkhar, own_clips, tmp_path, words, said):
    code, _, err = darkhar("train", "-m", *own_clips, "seed=0,1", *words)
    assert code == 2
    assert said in err
    assert not (tmp_path / "outputs").exists()


def test_an_engine_that_is_not_installed_is_named_with_its_extra(darkhar, monkeypatch):
    monkeypatch.setattr(chosen, "find_spec", lambda name: None)
    code, _, err = darkhar("train", "-m", "seed=0,1", "hydra/launcher=ray")
    assert code == 2
    assert "hydra/launcher=ray needs ray, which is not installed: pip install 'darkhar[ray]'" in err


def test_jobs_of_the_same_features_stand_together():
    from darkhar_cli.config import request

    words = ["enhance=none,gamma", "classifier=statistics,mean_pool", "seed=0,1"]
    jobs = dict(enumerate(request.read_request("train", words, True, None).jobs))
    groups = by_features(jobs)
    assert [len(group) for group in groups] == [4, 4]
    assert {jobs[number].config["enhance"].keys() == {"none"} for number in groups[0]} == {True}
    assert in_order(groups, 3) == [groups[0][:3], groups[0][3:], groups[1][:3], groups[1][3:]]


def test_a_process_ends_with_the_command(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    code = f"from darkhar_cli.launch.launchers.surroundings import _end_with; _end_with({ended.pid})"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 1
