"""What keeps the repository in order: one version, and one list of checks for people and machines."""

import ast
import re
import tomllib

import yaml

from darkhar_cli import __version__
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
CONSTRAINTS = "".join(path.read_text() for path in sorted((ROOT / ".ci").glob("constraints*.txt")))


def test_the_version_has_one_source(darkhar):
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "darkhar_cli.__version__"}
    code, output, _ = darkhar("--version")
    assert (code, output) == (0, f"darkhar {__version__}\n")


def test_the_version_is_read_without_running_the_package():
    tree = ast.parse((ROOT / "darkhar_cli" / "__init__.py").read_text())
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "__version__"]
    (version,) = [ast.literal_eval(node.value) for node in assigned]
    assert version == __version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_the_workflow_calls_what_a_person_calls():
    steps = WORKFLOW["jobs"]["checks"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_the_workflow_runs_the_oldest_and_the_newest_python():
    oldest, behind_newest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["project"]["requires-python"]).groups()
    expected = {f"3.{int(oldest)}", f"3.{int(behind_newest) - 1}"}
    assert set(WORKFLOW["jobs"]["checks"]["strategy"]["matrix"]["python"]) == expected


def test_hooks_check_with_the_tested_ruff():
    (ruff,) = [repo for repo in HOOKS["repos"] if repo["repo"].endswith("/ruff-pre-commit")]
    assert set(re.findall(r"^ruff==(.+)$", CONSTRAINTS, re.M)) == {ruff["rev"].removeprefix("v")}
    (local,) = [repo for repo in HOOKS["repos"] if repo["repo"] == "local"]
    assert [hook["entry"] for hook in local["hooks"]] == ["make lint"]
