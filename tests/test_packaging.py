"""What is installed is what is in the folders, and folders import only what stands below them."""

import ast
import re
import tomllib
from pathlib import Path

from darkhar_cli.config import schema

ROOT = Path(__file__).resolve().parent.parent
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def packages_under(folder: str, name: str) -> set[str]:
    found = {path.parent.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*.py")}
    return {".".join((name, *path.parts)) for path in found}


def test_the_package_list_names_every_folder_of_code():
    expected = packages_under("darkhar_cli", "darkhar_cli") | {"darkhar_cli.conf", "darkhar_datasets"}
    expected |= packages_under("datasets", "darkhar_datasets") | packages_under("darkhar", "darkhar")
    assert set(SETUP["packages"]) == expected


def test_every_yaml_is_package_data():
    patterns = SETUP["package-data"]["darkhar_cli.conf"]
    packaged = {path for pattern in patterns for path in (ROOT / "conf").glob(pattern)}
    assert packaged == set((ROOT / "conf").rglob("*.yaml"))


def test_no_top_level_datasets_package_is_installed():
    assert not (ROOT / "datasets" / "__init__.py").exists()
    assert schema.CONF.is_dir()


def test_files_stay_small():
    long = {p.name: n for p in (ROOT / "darkhar_cli").rglob("*.py") if (n := len(p.read_text().splitlines())) > 260}
    assert not long


def folders_in_order() -> list[set[str]]:
    """Return the folders of the map, row by row; the last row is what everybody may use."""
    table = (ROOT / "darkhar_cli" / "README.md").read_text().split("## Where")[0]
    rows = re.findall(r"^\| `([^|]*)` \|", table, flags=re.M)
    return [{word.strip("/").removesuffix(".py") for word in re.split(r"[` ,]+", row) if word} for row in rows]


def imports_of(path: Path) -> set[str]:
    """Return the folders and files at the package's top that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "darkhar_cli":
            names = [node.module.split(".")[1]] if "." in node.module else [one.name for one in node.names]
            found.update(names)
    return found


def test_arrows_point_down_the_map():
    rows = folders_in_order()
    rank = {name: number for number, row in enumerate(rows) for name in row} | {"native_stderr": len(rows) - 1}
    package = ROOT / "darkhar_cli"
    tops = {path.stem if path.is_file() else path.name for path in package.iterdir() if not path.name.startswith("__")}
    tops = {name for name in tops if any((package / name).rglob("*.py")) or (package / f"{name}.py").is_file()}
    assert tops - set(rank) == set(), "the map names every folder and file"
    up = set()
    for path in package.rglob("*.py"):
        place = path.relative_to(package).parts[0].removesuffix(".py")
        for other in imports_of(path) & set(rank):
            if place in rank and rank[other] < rank[place]:
                up.add(f"{path.relative_to(package)} imports {other}")
    assert up == set()


PARTS = {"augment", "classifiers", "enhance", "extractors", "samplers", "trackers"}


def test_each_folder_says_what_lives_there_and_what_it_may_use():
    package = ROOT / "darkhar_cli"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    wrong = set()
    for name in folders:
        sentence = ast.get_docstring(ast.parse((package / name / "__init__.py").read_text()))
        allowed = set(re.findall(r"`([a-z]+)`", sentence)) | (PARTS if "the parts" in sentence else set()) | {name}
        allowed |= folders if "all below" in sentence else set()
        used = {other for path in (package / name).rglob("*.py") for other in imports_of(path) & folders}
        wrong |= {f"{name} uses {other}, its __init__.py does not say so" for other in used - allowed}
        if not re.search(r"\b(may use|uses)\b", sentence) or sentence.count(". "):
            wrong.add(f"{name}/__init__.py: one sentence that says what lives there and what it may use")
    assert not wrong
