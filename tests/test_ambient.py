"""What surrounds a run changes no number under the same name: keras.json, switches, homes and folders that are not."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import pytest

from darkhar_cli import ambient
from darkhar_cli.commands import contract
from darkhar_cli.errors import BadRequest
from darkhar_cli.paths import home
from tests.conftest import ROOT, TINY, only, program, write_clips

CLASHING = {"floatx": "float16", "epsilon": 0.01, "backend": "jax", "image_data_format": "channels_first"}


def test_a_keras_json_changes_no_byte(darkhar, own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=1", "cv.folds=2", "extractor.features=4"]
    code, _, err = darkhar(*words)
    assert code == 0, err
    plain = only(tmp_path / "outputs" / "train")
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(CLASHING))
    (tmp_path / "other").mkdir()
    environment = {"KERAS_HOME": str(tmp_path / "keras"), "KERAS_BACKEND": ""}
    other = program(*words, cwd=tmp_path / "other", env=environment)
    assert other.returncode == 0, other.stderr
    run = tmp_path / "other" / "outputs" / "train" / plain.name
    for name in ("predictions.csv", "metrics/history.csv", "metrics/summary.csv"):
        assert (run / name).read_bytes() == (plain / name).read_bytes(), name


def test_keras_has_its_own_defaults_once_settled():
    try:
        keras.config.set_floatx("float64")
        keras.config.set_image_data_format("channels_first")
        keras.config.set_epsilon(0.5)
    finally:
        ambient.settle_keras()
    assert keras.config.floatx() == "float32"
    assert keras.config.image_data_format() == "channels_last"
    assert keras.config.epsilon() == 1e-7


def test_switches_are_those_that_may_change_numbers():
    given = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_NEW_SWITCH": "x", "ONEDNN_MAX_CPU_ISA": "SSE41", "KERAS_MAX_EPOCHS": "2"}
    other = {"TF_CPP_MIN_LOG_LEVEL": "0", "KERAS_HOME": "/x", "KERAS_BACKEND": "tensorflow", "HOME": "/x", "PATH": "y"}
    other |= {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "OPENCV_LOG_LEVEL": "E", "TF_DETERMINISTIC_OPS": "0"}
    other |= {"XLA_FLAGS": "", "TF_VAR_region": "x", "TF_CLI_CONFIG_FILE": "/x"}  # the last two are Terraform's
    assert ambient.switches(given | other) == given


def test_switches_are_in_the_key_of_features(monkeypatch):
    from darkhar_cli.features.frozen_extractor import frozen_alone

    part = ("luma", {"percentile": 95.0})
    plain = frozen_alone(part).about
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    about = frozen_alone(part).about
    assert about == {**plain, "switches": {"TF_ENABLE_ONEDNN_OPTS": "0"}}


@pytest.mark.parametrize("verb", contract.names())
@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("KERAS_BACKEND", "jax", "darkhar runs on tensorflow; unset KERAS_BACKEND"),
        ("TF_USE_LEGACY_KERAS", "1", "Keras 2"),
        ("TF2_BEHAVIOR", "0", "TensorFlow 1"),
    ],
)
def test_what_cannot_work_is_one_line(darkhar, monkeypatch, verb, name, value, why):
    monkeypatch.setenv(name, value)
    code, _, err = darkhar(verb)
    assert code == 2
    assert why in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", contract.names())
def test_a_deleted_working_directory_is_one_line(darkhar, tmp_path, monkeypatch, verb):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    code, _, err = darkhar(verb)
    assert code == 2
    assert "the working directory is gone" in err
    assert err.count("\n") == 1


def test_home_is_expanded_and_absolute(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DARKHAR_HOME", "~/x")
    assert home() == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKHAR_HOME", "y")
    assert home() == tmp_path / "y"
    monkeypatch.setenv("DARKHAR_HOME", "")
    assert home() == tmp_path / ".cache" / "darkhar"


def test_a_user_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("DARKHAR_HOME", "~nobodyx/x")
    with pytest.raises(BadRequest, match=r"^DARKHAR_HOME=~nobodyx/x: .*there is no user 'nobodyx'.*give DARKHAR_HOME="):
        home()


@pytest.fixture
def nobody(monkeypatch):
    """A user without HOME whose number has no name."""

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("DARKHAR_HOME")


def test_libraries_are_given_a_home_where_there_is_none(monkeypatch, tmp_path, nobody):
    monkeypatch.setenv("HOME", "")  # put back as it was in the end
    monkeypatch.delenv("HOME")
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path))
    ambient.prepare_environment()
    assert Path.home() == tmp_path


def test_without_a_home_one_line_says_what_to_give(darkhar, monkeypatch, nobody):
    with pytest.raises(BadRequest, match=r"no home is known .* give DARKHAR_HOME=DIR"):
        home()
    for verb in ("train", "prepare", "check", "cache"):
        code, _, err = darkhar(verb)
        assert (code, err.count("\n")) == (2, 1), err
        assert "give DARKHAR_HOME=DIR" in err
    monkeypatch.setenv("DARKHAR_HOME", "~/x")
    code, _, err = darkhar("cache")
    assert (code, err.count("\n")) == (2, 1), err
    assert "DARKHAR_HOME=~/x: no home is known" in err


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else")
def test_a_user_without_a_name_or_home_trains():
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are root's alone
        place = Path(name)
        os.chmod(place, 0o777)
        clips = write_clips(place / "clips", takes=4)
        env = {key: value for key, value in os.environ.items() if key not in ("HOME", "USER", "LOGNAME")}
        env |= {"DARKHAR_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)}
        command = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", sys.executable, "-m", "darkhar_cli"]
        command += ["train", "dataset=video_folder", f"dataset.root={clips}", *TINY, "train.epochs=1", "cv.folds=2"]
        done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert not (place / "~").exists()
