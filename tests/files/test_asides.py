"""Temporary names: nobody else's, gone with a failure, and gone at the next use when their process has ended."""

import os
import subprocess
import sys
import time

import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.files import asides


@pytest.fixture(scope="module")
def ended():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def named(pid, machine=None, word="0" * 8, what="table.csv"):
    return f".{what}.{machine or asides.machine()}-{pid}-{word}-0.part"


def test_names_are_never_given_twice(tmp_path):
    names = {asides.beside(tmp_path / "a.csv") for _ in range(50)}
    assert len(names) == 50
    assert asides.beside(tmp_path / "m.keras").suffix == ".keras", "Keras writes no other"
    code = "from darkhar_cli.files import asides; from pathlib import Path; print(asides.beside(Path('a.csv')))"
    command = [sys.executable, "-c", f"import os; os.getpid = lambda: 7\n{code}"]
    answers = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(answers) == 2, "equal process numbers, as on two machines with one volume"


def test_leftovers_of_ended_processes_go_and_others_stay(tmp_path, ended):
    gone = [named(ended), named(os.getpid()), f"abc.{ended}.part", f".{ended}.table.csv", f"part_{ended}_fold_0.keras"]
    gone += [named(ended, what="fold_0.keras") + ".keras", named(1, machine="f" * 8)]
    mine = asides.beside(tmp_path / "x.csv").name
    kept = [mine, named(os.getppid()), f"abc.{os.getpid()}.part", "table.csv", ".hidden", "1.2.part.csv", "model.part"]
    kept += [named(2, machine="f" * 8)]
    for name in gone + kept:
        (tmp_path / name).write_text("")
    (tmp_path / f"folder.{ended}.part").mkdir()
    (tmp_path / f"folder.{ended}.part" / "file").write_text("")
    old = time.time() - 2 * 86400
    os.utime(tmp_path / named(1, machine="f" * 8), (old, old))
    assert asides.remove_leftovers(tmp_path) == len(gone) + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_leftovers_of_one_name_below_a_folder(tmp_path, ended):
    for folder in ("", "metrics"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / named(ended)).write_text("")
        (tmp_path / folder / named(ended, what="other.csv")).write_text("")
    assert asides.remove_leftovers(tmp_path, "table.csv") == 1
    assert asides.remove_leftovers(tmp_path, deep=True) == 3
    assert asides.remove_leftovers(tmp_path / "nowhere") == 0


@pytest.mark.parametrize("number", [28, 122])
def test_a_full_disk_is_named_with_its_room(tmp_path, number):
    def fill(path):
        path.write_text("half")
        raise OSError(number, "No space left on device")

    said = r"cannot write to .*a\.csv: no space left on device \([\d,]+ MB free of [\d,]+ MB\); free some room there"
    with pytest.raises(FailedWork, match=said):
        asides.write_aside(tmp_path / "a.csv", fill)
    assert list(tmp_path.iterdir()) == []
