"""Parts from a user's own files and distributions, found without running them."""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from darkhar_cli import names, plugins, registry
from darkhar_cli.config import own_parts, schema
from darkhar_cli.data import dataset_builder
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


@pytest.mark.parametrize("name", ["lift.py", "a,b [1].py", "it's (2) = ${x}.py"])
def test_a_file_of_any_name_is_given_as_typed_and_as_kept(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for file in (name, "other.py"):
        (tmp_path / file).write_text(LIFT.format(name=file[:2].strip(",'") + "_lift", by=1.0))
    assert own_parts.taken_from([f"plugins={name}", "seed=1"]) == ([name], ["seed=1"])
    own_parts.use([name, "other.py"])
    (kept,) = own_parts.words_in_use()
    assert own_parts.taken_from([kept])[0] == [str(tmp_path / name), str(tmp_path / "other.py")]


def test_words_of_verbs_without_hydra(lift, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "parts").mkdir(parents=True)
    lift.rename(tmp_path / "own" / "parts" / "lift.py")
    for words in (["--config-dir", "own"], ["--config-dir=own"], ["-cd", "own"]):
        assert own_parts.settled(["RUN", *words, "split=test"]) == ["RUN", "split=test"]
        assert schema.own_folders()[0] == tmp_path / "own"
        assert plugins.find("enhance", "lift")
    assert own_parts.settled(["RUN"]) == ["RUN"]
    assert not schema.own_folders()
    with pytest.raises(BadRequest, match="--config-dir: give the folder"):
        own_parts.settled(["RUN", "--config-dir"])
    with pytest.raises(BadRequest, match="--config-dir nowhere: no such folder"):
        own_parts.settled(["--config-dir", "nowhere"])


def test_a_data_set_of_ones_own_is_hashed_with_the_modules_it_names(tmp_path):
    text = (
        'from darkhar_cli import names\nfrom darkhar_cli.registry import register\n\n@register("dataset", "mine"{})\n'
    )
    text += 'class Mine:\n    """Mine."""\n\n    def sources(self):\n        return []\n'
    (file := tmp_path / "mine.py").write_text(text.format(""))
    own_parts.use([file])
    before = registry.source_hash("dataset", "mine")
    assert before == sha256(file.read_bytes()).hexdigest()[:16]
    file.write_text(text.format(", sources=(names,)"))
    assert registry.get("dataset", "mine")().sources() == []
    both = file.read_bytes() + Path(names.__file__).read_bytes()
    assert registry.source_hash("dataset", "mine") == sha256(both).hexdigest()[:16]


def test_clips_that_a_users_own_file_computes_are_computed_in_processes(tmp_path, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text(
        "from darkhar_cli.data.dataset_builder import ClipBuilder\n\n"
        "def load(number):\n    return bytes([number])\n\n"
        "class Mine(ClipBuilder):\n    DRAWN = True\n    classes = sources = None\n"
    )
    monkeypatch.setattr(dataset_builder.os, "cpu_count", lambda: 2)
    plugins.load(file)
    mine = sys.modules[plugins.module_name(file)]
    with mine.Mine._workers(object.__new__(mine.Mine), 25, 0) as workers:
        assert isinstance(workers, ProcessPoolExecutor)
        assert workers.submit(mine.load, 7).result() == b"\x07"
