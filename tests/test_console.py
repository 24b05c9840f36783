"""What is printed is what was meant: no name is markup, an emoji's code or an order to the terminal."""

import io
import re
import sys
from pathlib import Path

import pytest

import darkhar_cli
from darkhar_cli import console
from darkhar_cli.report.fitting import grid_of

NAMES = ["[red]", "[/]", "[bold]x[/bold]", ":cat:", "back\\", "\\[x]", "<b>", "漢字"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_printed_as_they_are(capsys, name):
    for say in (console.note, console.warn, console.error, console.out.print):
        say(f"a {name} b")
    grid = grid_of(f"title {name}", [name], f"caption {name}")
    grid.add_row(name)
    console.out.print(grid)
    captured = capsys.readouterr()
    assert captured.err.count(f"a {name} b") == 3
    assert captured.out.count(name) == 5


def test_a_terminal_gets_no_orders(capsys):
    console.warn("clip \x1b[2J\r of \udcff\nnext line")
    assert capsys.readouterr().err == "warning: clip \\x1b[2J\\r of \\xff\nnext line\n"


def test_an_output_that_lacks_a_letter_shows_its_number(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    console.accept_all_text()
    console.out.print("漢 \udcff")
    stream.flush()
    assert stream.buffer.getvalue() == b"\\u6f22 \\udcff\n"


def test_nobody_writes_markup():
    """Markup is off, so escaped text would be printed with its backslashes."""
    for path in Path(darkhar_cli.__file__).parent.rglob("*.py"):
        assert not re.search(r"rich\.markup|\[/\w*\]\"", path.read_text()), path
