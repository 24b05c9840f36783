"""Yaml from strangers: nothing grows without bounds, nothing is called, nothing of the reader's goes into tables."""

import time

import pytest

from darkhar_cli.config import config_files, safe_yaml
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.stored_run import settings_of
from darkhar_cli.runs.run_folder import Run

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
OF_ITSELF = "a: &a\n  b: *a\n"
DEEP = "[" * 5000 + "]" * 5000
READERS = {"a run's": safe_yaml.read_stored, "an own": config_files.load}


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("text", [ALIASES, OF_ITSELF, f"a: {DEEP}\n"], ids=["aliases", "of itself", "deep"])
def test_a_bomb_is_refused_at_once(read, text, written):
    began = time.monotonic()
    with pytest.raises(BadRequest, match=r"config\.yaml, line \d+: stands for (more|deeper) than"):
        read(written(text))
    assert time.monotonic() - began < 5


def test_aliases_within_reason_are_taken(written):
    assert config_files.load(written("a: &a {b: 1}\nc: *a\n")) == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "text", ["${oc.env:SECRET}", "x${ oc.env:SECRET,y }", "${oc.decode:${oc.env:SECRET}}", r"\\${oc.env:SECRET}"]
)
def test_nothing_of_the_environment_is_read(read, text, written, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    with pytest.raises(BadRequest, match=r"name is .*oc\.(env|decode)") as refused:
        read(written(f"name: '{text}'\n"))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_nothing_is_made_of_a_tag(read, written, tmp_path):
    with pytest.raises(BadRequest, match=r"could not determine a constructor"):
        read(written(f"a: !!python/object/apply:os.system ['touch {tmp_path}/canary']\n"))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("key", ["_target_", "()"])
def test_no_file_names_code_to_be_called(key, written):
    with pytest.raises(BadRequest, match=r"hydra\.launcher\..* is 'os\.system', which names code to be called"):
        config_files.load(written(f'hydra:\n  launcher:\n    "{key}": os.system\n'))
    launcher = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
    config_files.load(written(f"hydra:\n  launcher:\n    _target_: {launcher}\n"))


def test_what_a_run_writes_is_read_as_it_was(tmp_path):
    config = {"seed": 3, "dataset": {"root": "/clips/${x}/\\${y}", "rate": 1e-05, "none": None, "list": [1.5, "a"]}}
    run = Run(tmp_path)
    run.claim("mark")
    run.save_config(config, ["dataset.root=${x}"])
    assert settings_of(run) == config
    assert safe_yaml.read_stored(tmp_path / "overrides.yaml", resolved=False) == ["dataset.root=${x}"]


@pytest.mark.parametrize("text", ["- a\n", "", "just words\n"])
def test_settings_that_are_none_are_refused(text, written):
    with pytest.raises(BadRequest, match="no run wrote it"):
        settings_of(Run(written(text).parent))
