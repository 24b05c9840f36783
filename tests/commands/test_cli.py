"""The command line: help at once, every mistake one clear message, exit codes 0, 1 and 2, tab completion."""

import os
import subprocess
import sys
import time

import pytest

from darkhar_cli import cli
from darkhar_cli.commands import contract
from darkhar_cli.config import schema
from darkhar_cli.launch import app
from tests.conftest import ROOT, program, write_clips


def test_help_is_quick_and_names_the_verbs():
    started = time.monotonic()
    answer = program("--help", cwd=ROOT)
    assert time.monotonic() - started < 5
    assert answer.returncode == 0
    for verb in contract.names():
        assert f"  {verb} " in answer.stdout


def test_no_verb_imports_tensorflow_before_its_work():
    code = (
        "import sys\nfrom darkhar_cli import cli\n"
        "words = ['--help', 'list', 'train --help', 'train --cfg job', 'train sampler=x']\n"
        "codes = [cli.main(w.split()) for w in words]\n"
        "print(codes, 'tensorflow' in sys.modules, file=sys.stderr)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stderr.splitlines()[-1] == "[0, 0, 0, 0, 2] False"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["trian"],
            "unknown verb 'trian'; choose from train, summary, search, prepare, check, .*; did you mean 'train'",
        ),
        (["list", "enhance", "gama"], "unknown enhance or kind 'gama'.*did you mean 'gamma'"),
        (["list", "--json", "enhance", "gamma"], "--json takes whole kinds, not gamma"),
        (["list", "samplers"], "unknown kind 'samplers'.*did you mean 'sampler'"),
        (["train", "sampler=randm"], "did you mean 'random'"),
        (["train", "histeq"], "'histeq' is not understood"),
        (["train", "--fresh"], "unrecognized arguments: --fresh.*settings have no dashes: fresh="),
        (["train", "--quite"], "did you mean '--quiet'"),
        (["train", "--learning-rate=1"], "settings have no dashes: train.learning_rate=1$"),
        (["train", "--seed", "5"], "settings have no dashes: seed=5$"),
        (["train", "--epohcs=3"], "settings have no dashes: train.epochs=3$"),
        (["train", "--config-dir", "nowhere"], "--config-dir nowhere: no such folder"),
        (["train", "--config-name", "x"], "--config-name is not taken; own files go to --config-dir DIR"),
        (["train", "hydra=null"], "give Hydra's settings one by one"),
        (["train", "hydra.searchpath=[x]"], "give your own options' folder with --config-dir DIR"),
        (
            ["train", "seed=0", "-m", "enhance=gamma,none", "--cfg", "job"],
            "--multirun and --cfg cannot be given together",
        ),
        (["train", "hydra.sweep.dir=x"], "does nothing without -m"),
        (["train", "-m", "seed=0,1", "hydra.run.dir=x"], "does nothing with -m; hydra.sweep.dir="),
        (
            ["train", "-m", "seed=0,1", "hydra/launcher=rq"],
            "no such launcher is installed; there is basic, joblib, submitit_local",
        ),
        (["train", "-m", "seed=0,1", "hydra/sweeper=optuna"], "no such sweeper is installed; there is basic"),
        (["train", "-m", "seed=0,1", "hydra.sweep.dir=x/${seed}"], "another folder for each job"),
        (["train", "epochs=2"], "did you mean train.epochs"),
        (["train", "dataset=ee6222har"], "dataset.root is needed"),
        (["train", "dataset=ee6222har", "dataset.root=/nowhere"], "dataset.root=/nowhere: no such file or folder"),
        (
            ["train", "extractor=mobilenet", "extractor.weights=/no/net.h5"],
            "extractor.weights=/no/net.h5: no such file",
        ),
        (["prepare", "sampler=uniform"], "unknown setting or group 'sampler'; choose from dataset"),
    ],
)
def test_bad_requests_are_one_message_and_leave_nothing(darkhar, tmp_path, words, said):
    import re

    code, out, err = darkhar(*words)
    assert code == 2
    assert re.search(said, err.strip().replace("\n", " "))
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback():
    with pytest.raises(Exception, match="randm"):
        cli.main(["train", "sampler=randm", "--debug"])


def test_list_shows_every_option(darkhar):
    code, out, _ = darkhar("list")
    assert code == 0
    for group in schema.GROUPS:
        assert f"{group}=" in out
        for name in schema.options(group):
            assert name in out
    assert "gamma=0.4" not in out, "a line each; parameters where a kind is named"
    _, out, _ = darkhar("list", "enhance")
    assert "gamma=0.4" in out
    assert "sampler=" not in out
    _, out, _ = darkhar("list", "enhance", "gamma", "sampler")
    assert "gamma=0.4" in out
    assert "clahe" not in out
    assert "sampler=" in out
    assert "stride=2" in out
    _, out, _ = darkhar("list", "dataset")
    assert "reverse={Sit: Stand, Stand: Sit}" in out  # as Hydra reads it


def test_help_of_a_verb_lists_its_choices(darkhar):
    code, out, _ = darkhar("train", "--help")
    assert code == 0
    assert (
        "enhance: adaptive_gamma, agcwd, bimef, clahe, dark_norm, denoise, gamma, histeq, lime, log, none, retinex"
        in out
    )
    assert (
        "experiment: control_background, control_luma, control_motion, control_shuffled, dual_stream, end_to_end" in out
    )


def test_cfg_prints_the_composed_configuration(darkhar):
    code, out, _ = darkhar("train", "--cfg", "job", "enhance=[gamma,histeq]", "enhance.gamma.gamma=0.5")
    assert code == 0
    assert "gamma: 0.5" in out
    assert out.index("gamma:") < out.index("histeq:")


def test_options_may_stand_anywhere(darkhar):
    for words in (["--cfg", "job", "seed=4"], ["seed=4", "--cfg", "job"], ["seed=4", "--cfg", "job", "name=x"]):
        code, out, err = darkhar("train", *words)
        assert code == 0, err
        assert "seed: 4" in out
    code, _, err = darkhar("train", "seed=3", "-m", "enhance=gamma,nonesuch")
    assert code == 2
    assert "unknown enhance 'nonesuch'" in err


def test_an_unforeseen_error_is_one_line(darkhar, monkeypatch):
    def fail(verb, words):
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(app, "run", fail)
    code, _, err = darkhar("train")
    assert code == 1
    assert err.strip() == "error: RuntimeError: the moon is full (--debug shows where)"


def complete(line):
    """Ask as the shell hook that Hydra installs does."""
    environment = {**os.environ, "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_CWORD": "1"}
    code = "import sys; from darkhar_cli import cli; sys.exit(cli.main(['-sc', 'query=bash']))"
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    return answer.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("darkhar tr", {"train"}),
        ("darkhar ", {"train", "prepare", "list"}),
        ("darkhar train sampler=", {f"sampler={name}" for name in ("all", "linspace", "random", "rate", "uniform")}),
        ("darkhar train enhance=h", {"enhance=histeq"}),
        (
            "darkhar train enhance=histeq extractor=conv",
            {f"extractor=conv{x}" for x in ("_small", "next_small", "next_tiny")},
        ),
        ("darkhar train sampler.fr", {"sampler.frames="}),
        ("darkhar list sam", {"sampler"}),
    ],
)
def test_tab_completion(line, expected):
    assert expected <= set(complete(line))


def test_the_completion_script_can_be_installed():
    answer = program("-sc", "install=bash", cwd=ROOT)
    assert answer.returncode == 0
    assert "complete -o" in answer.stdout


def test_prepare_prints_what_the_data_hold(darkhar, clip_folder):
    code, out, _ = darkhar("prepare", "dataset=video_folder", f"dataset.root={clip_folder}")
    assert code == 0
    for word in ("right", "down", "stay", "12 clips"):
        assert word in out


def test_prepare_draws_the_embedded_clips(darkhar):
    code, out, err = darkhar("prepare", "dataset=dark_synth", "dataset.config=tiny")
    assert code == 0, err
    assert "dark_synth: 24 clips" in out


def test_broken_clips_stop_prepare_with_their_names(darkhar, tmp_path):
    root = write_clips(tmp_path / "clips")
    (root / "right" / "fake.mp4").write_text("I am no video")
    code, _, err = darkhar("prepare", "dataset=video_folder", f"dataset.root={root}")
    assert code == 1
    assert "right/fake.mp4: not a video" in err
    code, out, err = darkhar("prepare", "dataset=video_folder", f"dataset.root={root}", "dataset.on_error=skip")
    assert code == 0
    assert "12 clips" in out
    assert "1 broken clip is excluded" in err
