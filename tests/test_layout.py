"""Tests stand where what they test stands, and share code by helpers alone."""

import ast
import re
from pathlib import Path

from tests.conftest import LONGEST, ROOT
from tests.helpers.longer import LONGER

# What tests whole commands, what tests share, what measures, and what draws pictures.
OF_THEIR_OWN = {"end_to_end", "helpers", "benchmarks", "tools"}
TEST_FILE = re.compile(r"(^|\.)(test_\w+|\w+_test)$")


def test_folders_of_tests_are_folders_of_the_package():
    folders = {path.parent.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    package = {
        path.parent.relative_to(ROOT / "darkhar_cli").as_posix() for path in (ROOT / "darkhar_cli").rglob("*.py")
    }
    assert folders - package - OF_THEIR_OWN == set()


def test_files_that_are_begun_first_exist():
    stems = {path.stem for folder in ("tests", "datasets") for path in (ROOT / folder).rglob("*.py")}
    assert set(LONGEST) - stems == set()
    assert len(set(LONGEST)) == len(LONGEST)


def test_tests_left_out_of_a_usual_run_exist():
    for entry in LONGER:
        file, _, name = entry.partition("::")
        (path,) = (path for folder in ("tests", "datasets") for path in (ROOT / folder).rglob(file))
        tests = re.findall(r"^def (test_\w+)", path.read_text(), re.M)
        assert name.split("[")[0] in tests, entry


def test_helpers_hold_no_tests():
    assert not [path.name for path in (ROOT / "tests" / "helpers").rglob("*.py") if TEST_FILE.search(path.stem)]


def imported_modules(path: Path) -> set[str]:
    """Return every module a file imports, and every name it imports from one, in full."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: import by the whole name"
            found.update({node.module, *(f"{node.module}.{name.name}" for name in node.names)})
    return found


def test_no_file_imports_a_test_file():
    files = [path for folder in ("tests", "datasets") for path in (ROOT / folder).rglob("*.py")]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files}
    tests = {name for name in modules if TEST_FILE.search(name)}
    assert len(tests) > 100
    assert {f"{p.relative_to(ROOT)}: {name}" for p in files for name in imported_modules(p) & tests} == set()
