"""Every command of the README runs, and its example part works as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, write_clips

README = (ROOT / "README.md").read_text()
COMMANDS = [line[2:] for block in re.findall(r"```console\n(.*?)```", README, re.S) for line in block.splitlines()]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A home with clips in it, and `darkhar` on the path."""
    home = tmp_path_factory.mktemp("user")
    write_clips(home / "clips", takes=3)
    here = str(Path(sys.executable).parent)
    cache = {"DARKHAR_HOME": str(home / "cache"), "HOME": str(home), "PATH": f"{here}:{os.environ['PATH']}"}
    return home, {**os.environ, **cache}


def in_small(command, home):
    """Keep a make target's own run small: what it calls is run elsewhere in full."""
    if command == "make train":
        return f"make -C {ROOT} VENV={sys.prefix} train ARGS='experiment=smoke hydra.run.dir={home}/smoke'"
    if command == "make test":
        return f"make -C {ROOT} VENV={sys.prefix} test ARGS='tests/runs/test_runs.py -q -p no:cacheprovider'"
    return command


def test_the_readme_starts_with_the_two_commands():
    assert COMMANDS[:2] == ["make train", "make test"]


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command, house):
    home, environment = house
    if command.startswith("make") and not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("this environment was not made by make")
    answer = subprocess.run(
        ["bash", "-c", in_small(command, home)],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_example_part_works_as_it_stands(tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    yaml = re.search(r"```yaml\n(.*?)```", README, re.S)[1]
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
