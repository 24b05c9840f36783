"""Every command on every page runs, or is composed and checked, and the example part works as it stands."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from darkhar_cli.commands import contract
from tests.conftest import ROOT, write_clips
from tests.helpers.pages import CHECKED, PAGES, RUN, blocks, section

MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """A home with clips and a part of the user's own in it, and `darkhar` on the path."""
    place = tmp_path_factory.mktemp("user")
    write_clips(place / "clips", takes=3)
    (place / "lift.py").write_text(blocks(section("conf/README.md", "Parts of your own"), "python")[0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(place))
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        yield place


def in_bash(command, place):
    return subprocess.run(["bash", "-c", command], cwd=place, capture_output=True, text=True, timeout=280, check=False)


def in_small(command, place):
    """Keep a make target's own run small: what it calls is run elsewhere in full."""
    if command == "make train":
        return f"make -C {ROOT} VENV={sys.prefix} train ARGS='experiment=smoke hydra.run.dir={place}/smoke'"
    if command == "make test":
        return f"make -C {ROOT} VENV={sys.prefix} test ARGS='tests/runs/test_runs.py -q -p no:cacheprovider'"
    return command


def as_typed(command, place):
    """Return a command's words as bash hands them on: globs and quotes resolved."""
    return in_bash(f"printf '%s\\0' {command}", place).stdout.split("\0")[:-1]


def test_the_readme_starts_with_the_two_commands():
    assert RUN[:2] == [("README.md", "make train"), ("README.md", "make test")]


@pytest.mark.parametrize(("page", "command"), RUN)
def test_command(page, command, user, darkhar, monkeypatch):
    if command.startswith("darkhar "):  # in this process: TensorFlow is started once
        monkeypatch.chdir(user)
        code, _, errors = darkhar(*as_typed(command, user)[1:])
        assert code == 0, errors
        return
    if command.startswith("make") and not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("this environment was not made by make")
    answer = in_bash(in_small(command, user), user)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def first_job(words):
    """Return the words of a sweep's first job."""
    if "-m" not in words:
        return words
    return [re.sub(r"=([^\[,]+),.*", r"=\1", word) for word in words if word != "-m"]


@pytest.mark.parametrize(("page", "command"), CHECKED)
def test_words_of_a_longer_command(page, command, tmp_path, darkhar):
    words = shlex.split(command.partition(" | ")[2] or command)
    if words[:2] in (["darkhar", "predict"], ["darkhar", "export"]):
        assert all("=" not in word or contract.find(words[1]).knows(word) for word in words[2:]), command
        return
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", MAKEFILE, re.M), command
        return
    if words[:2] not in (["darkhar", "train"], ["darkhar", "prepare"], ["darkhar", "extract"]):
        assert words[0] != "darkhar", "put it into a console block, which is run"
        return
    words = [word.replace("DIR", str(tmp_path)) for word in first_job(words[1:])]
    code, output, errors = darkhar(*words, "--cfg", "job")
    if code and "which is not installed" in errors:
        pytest.skip(errors.strip())  # an engine of an extra
    assert code == 0, errors
    assert ("dataset:" if words[0] == "prepare" else "extractor:") in output


def test_the_page_on_python_runs_as_it_stands(user, monkeypatch):
    monkeypatch.chdir(user)
    names = {}
    for block in blocks(PAGES[".github/docs/python.md"], "python"):
        exec(block, names)  # what a reader would paste
    assert names["run"].summary["accuracy"].notna().all()
    assert names["same"].predictions.equals(names["run"].predictions)
    assert len(names["found"].runs) == 2
    assert len(names["plan"].folds) >= 2
    assert tuple(names["model"](np.zeros((1, 2, 48, 64, 3), np.uint8)).shape) == (1, 6)


def test_the_page_on_predicting_runs_as_it_stands(user, monkeypatch):
    monkeypatch.chdir(user)
    names = {}
    (block,) = blocks(PAGES[".github/docs/predict.md"], "python")
    exec(block, names)  # what a reader would paste
    assert len(names["table"]) == 2
    assert len(names["spans"]) >= 2


def test_a_wrong_word_on_a_page_would_be_found(darkhar):
    assert darkhar("train", "extractor=convnext_smal", "--cfg", "job")[0] == 2
    assert first_job(["train", "-m", "a=x,y", "b=[c,d]", "seed=0,1"]) == ["train", "a=x", "b=[c,d]", "seed=0"]


def test_the_example_part_works_as_it_stands(tmp_path):
    page = section("conf/README.md", "A part inside the package")
    code, yaml = blocks(page, "python")[0], blocks(page, "yaml")[0]
    (tmp_path / "enhance").mkdir()
    (tmp_path / "enhance" / "negative.yaml").write_text(yaml)
    (tmp_path / "negative.py").write_text(code)
    check = (
        "import sys, numpy as np, keras\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import negative\n"
        "from pathlib import Path\nfrom darkhar_cli.config import request as overrides, schema\n"
        "from darkhar_cli.models import action_model as model\n"
        f"schema.set_config_dir(Path({str(tmp_path)!r}))\n"
        "from darkhar_cli.models.layers import EnhanceFrames\n"
        "words = ['enhance=[gamma,negative]', 'enhance.negative.strength=1']\n"
        f"job = overrides.read_request('train', words, False, {str(tmp_path)!r}).jobs[0]\n"
        "layer = EnhanceFrames(model.chain_of(job.config['enhance'])[1:])\n"
        "print(keras.ops.convert_to_numpy(layer(np.full((1, 2, 2, 3), 55.0))).max())\n"
    )
    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "200.0", answer.stderr
