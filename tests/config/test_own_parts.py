"""Parts from a user's own files and distributions, found without running them."""

import os
import sys

import pytest

from darkhar_cli import plugins, registry
from darkhar_cli.config import own_parts, schema
from darkhar_cli.errors import BadRequest

LIFT = '''from typing import Any, Literal

from darkhar_cli.registry import register


@register("enhance", "{name}")
def part(frames: Any, by: float = {by}, how: Literal["add", "cut"] = "add") -> Any:
    """Add a constant."""
    return frames + by
'''


@pytest.fixture(autouse=True)
def _none_left(monkeypatch):
    yield
    plugins.installed.cache_clear()
    own_parts.use([])


@pytest.fixture
def lift(tmp_path):
    file = tmp_path / "lift.py"
    file.write_text(LIFT.format(name="lift", by=10.0))
    return file


def test_a_file_gives_an_option_made_from_its_signature_without_being_imported(lift):
    lift.write_text("raise SystemError\n" + lift.read_text())
    own_parts.use([lift])
    option = schema.options("enhance")["lift"]
    assert option.summary == "Add a constant."
    assert option.defaults == {"by": 10.0, "how": "add"}
    assert [p.types for p in option.parameters.values()] == [("float",), ("add", "cut")]
    with pytest.raises(BadRequest, match=r"lift\.py, line 1: SystemError"):
        registry.get("enhance", "lift")


def test_its_source_is_hashed_and_another_source_is_another_part(lift):
    own_parts.use([lift])
    first, before = registry.get("enhance", "lift"), registry.source_hash("enhance", "lift")
    assert first(1.0) == 11.0
    lift.write_text(LIFT.format(name="lift", by=20.0))
    assert registry.get("enhance", "lift")(1.0) == 21.0
    assert registry.source_hash("enhance", "lift") != before
    own_parts.use([])
    with pytest.raises(BadRequest, match="unknown enhance 'lift'"):
        registry.get("enhance", "lift")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("by: float = 10.0", "by: float", "line 7: parameter 'by' lacks a default"),
        ("by: float", "by", "line 7: parameter 'by' lacks a type"),
        ("by: float", "by: complex", "line 7: parameter 'by': type 'complex'"),
        ('"lift"', '"gamma"', "line 7: enhance 'gamma' is one of darkhar's own"),
        ('"enhance"', '"enhanse"', "line 7: unknown kind 'enhanse'"),
        ('"lift"', "NAME", "line 7: register takes a kind and a name as plain texts"),
        ("def part", "def part(", "line 7: no Python"),
    ],
)
def test_what_is_wrong_names_file_and_line(lift, old, new, said):
    lift.write_text(lift.read_text().replace(old, new))
    with pytest.raises(BadRequest, match=r"lift\.py") as refused:
        own_parts.use([lift])
    assert said in str(refused.value)


def test_two_files_with_one_name_are_refused(lift):
    (other := lift.with_name("other.py")).write_text(lift.read_text())
    with pytest.raises(BadRequest, match=r"registered in .*lift\.py already"):
        own_parts.use([lift, other])


def test_parts_beside_config_dir_and_a_yaml_of_their_own(lift, tmp_path):
    (tmp_path / "parts").mkdir()
    lift.rename(tmp_path / "parts" / "lift.py")
    (tmp_path / "enhance").mkdir()
    (tmp_path / "enhance" / "lift.yaml").write_text("# @package enhance.lift\n# Mine.\nby: 3.0  # float: how much\n")
    own_parts.use([], tmp_path)
    assert schema.options("enhance")["lift"].summary == "Mine."


def test_an_entry_point_of_an_installed_distribution(lift, tmp_path, monkeypatch):
    package = tmp_path / "site" / "night_parts"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text(LIFT.format(name="night_lift", by=5.0))
    about = tmp_path / "site" / "night_parts-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: night-parts\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[darkhar.parts]\nnight = night_parts.parts\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    plugins.installed.cache_clear()
    own_parts.use([])
    assert plugins.find("enhance", "night_lift").origin == "night-parts 1.0"
    assert "night_parts.parts" not in sys.modules
    assert registry.get("enhance", "night_lift")(1.0) == 6.0
    assert registry.get("enhance", "night_lift").__module__ == "night_parts.parts"


def test_a_worker_process_inherits_the_files(lift):
    own_parts.use([lift])
    assert str(lift) in os.environ["DARKHAR_PLUGINS"]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadRequest, match="no such file"):
        own_parts.use([tmp_path / "none.py"])
