"""Tables at 80 columns: words stay whole, columns go in the stated order, and what has gone is named."""

import io
import re

import pytest
from rich.console import Console

from darkhar_cli import console
from darkhar_cli.report.fitting import grid_of, show_grid
from darkhar_cli.report.terminal import _COLUMNS, DROPPED


@pytest.fixture
def printed(monkeypatch):
    """Return what a table looks like in so many columns."""

    def show(grid, width, *how):
        screen = io.StringIO()
        monkeypatch.setattr(console, "out", Console(file=screen, width=width))
        show_grid(grid, *how)
        return screen.getvalue()

    return show


def sweep_grid(*names):
    grid = grid_of("sweep", ["enhance", "sampler.frames", *_COLUMNS, "status"])
    for name in names:
        grid.add_row(name, "16", "54.3 %", "[43.1, 65.0]", "1500", "814.5", "54.3 %", "1.234", "done")
    return grid


NAMES = ["none", "denoise+gamma", "retinex+adaptive_gamma", "a class of several words"]


@pytest.mark.parametrize("width", [200, 80, 70, 60, 54, 49])
def test_no_word_is_broken_and_no_line_is_too_long(printed, width):
    text = printed(sweep_grid(*NAMES), width, [*DROPPED, "status"], "sweep.csv")
    table = text.split("not shown")[0]
    assert max(map(len, table.splitlines())) <= width
    words = table.split()
    for name in NAMES:
        assert set(name.split()) <= set(words), name
    assert words.count("54.3") >= len(NAMES)


def test_columns_go_in_the_stated_order(printed):
    gone = []
    for width in range(110, 48, -1):
        found = re.search(
            r"not shown in \d+ columns: (.*) \(sweep\.csv has all",
            printed(sweep_grid(*NAMES), width, DROPPED, "sweep.csv"),
        )
        now = found[1].split(", ") if found else []
        assert now[: len(gone)] == gone
        gone = now
    assert gone == DROPPED[: len(gone)]
    assert len(gone) >= 3


def test_an_interval_is_never_in_two_lines(printed):
    for width in range(36, 100):
        text = printed(sweep_grid("none"), width, DROPPED, "")
        assert "54.3 %" in text
        assert ("[43.1, 65.0]" in text) == ("95 %" in text.split("not shown")[0])


def test_nothing_is_said_where_nothing_has_gone(printed):
    assert "not shown" not in printed(sweep_grid("none"), 100, DROPPED, "sweep.csv")


def test_a_name_longer_than_the_terminal_is_whole_over_several_lines(printed):
    grid = grid_of("", ["", "recall"])
    grid.add_row("x" * 100, "54.3 %")
    assert printed(grid, 40).count("x") == 100


def test_sentences_end_between_words_on_a_terminal_and_stay_one_line_elsewhere(monkeypatch):
    for terminal in (True, False):
        screen = io.StringIO()
        monkeypatch.setattr(console, "out", Console(file=screen, width=40, force_terminal=terminal, color_system=None))
        console.say("word " * 30)
        lines = screen.getvalue().splitlines()
        assert (len(lines) == 1) != terminal
        assert not terminal or all(len(line) <= 40 for line in lines)
