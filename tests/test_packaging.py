"""What is installed is what is in the folders."""

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
    expected |= packages_under("datasets", "darkhar_datasets")
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
