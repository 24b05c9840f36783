"""Lists of checksums: what `sha256sum` reads and writes; what is gone, cut or changed is named."""

import shutil
import subprocess

import pytest

from darkhar_cli.files.checksums import CHANGED, MISSING, checksums, differing, listed, listing


@pytest.fixture
def folder(tmp_path):
    for name in ("a.csv", "b.csv", "metrics/c d.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"of {name}\n")
    return tmp_path


NAMES = ("metrics/c d.csv", "a.csv", "b.csv")


def test_a_list_is_read_as_it_was_written(folder):
    known = checksums(folder, NAMES)
    assert list(known) == sorted(NAMES)
    assert listed(listing(known)) == known
    assert differing(folder, known) == {}
    assert listed("") == listed("done\n\0\0\0") == {}


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")
def test_sha256sum_understands_a_list(folder):
    (folder / "LIST").write_text(listing(checksums(folder, NAMES)))
    command = ["sha256sum", "--check", "--quiet", "LIST"]
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0
    (folder / "a.csv").write_text("other")
    assert subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 1


def test_what_differs_is_named_with_the_reason(folder):
    known = checksums(folder, NAMES)
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_text("of b.csv")
    (folder / "metrics/c d.csv").unlink()
    (folder / "metrics/c d.csv").mkdir()
    assert differing(folder, known) == {
        "a.csv": MISSING,
        "b.csv": CHANGED,
        "metrics/c d.csv": "cannot be read (Is a directory)",
    }
    assert differing(folder, {"b.csv": "", "d.csv": ""}) == {"d.csv": MISSING}, "that it is there is enough"
