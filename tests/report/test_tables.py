"""What the terminal says of a finished run."""

import io

import pandas as pd
import pytest
from rich.console import Console

from darkhar_cli import console
from darkhar_cli.metrics import summary
from darkhar_cli.metrics import tables as metrics
from darkhar_cli.report import terminal
from darkhar_cli.runs import run_tables
from darkhar_cli.runs.run_folder import Run
from tests.helpers.prediction_tables import LABELS, table_of

GROUPS = [f"g{i // 10}" for i in range(60)]
RIGHT = ([True] * 8 + [False] * 2) * 3 + [False] * 30


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Return what is printed of a run with these predictions, on 80 columns."""

    def show(predictions, names):
        run = Run(tmp_path)
        run_tables.save_metrics(run, predictions, names, LABELS, {}, 0)
        screen = io.StringIO()
        monkeypatch.setattr(console, "out", Console(file=screen, width=80))
        terminal.show_run(run)
        return screen.getvalue()

    return show


def row_of(predictions, names):
    folds = metrics.folds_table(predictions, names, LABELS, {})
    table = summary.summary_table(predictions, folds, names)
    return table.iloc[0]


def test_the_headline_gives_each_number_its_own_interval():
    row = row_of(*table_of(RIGHT, GROUPS))
    ends = {name: f"[{100 * row[f'{name}lower']:.1f}, {100 * row[f'{name}upper']:.1f}]" for name in ("", "recall_")}
    assert terminal.headline(row) == (
        f"validation: macro recall 40.0 % {ends['recall_']}; 24 of 60 clips, 40.0 % {ends['']}; chance 16.7 %; "
        "95 % cluster-robust over 6 groups"
    )


def test_it_names_the_mean_over_folds_with_its_interval_and_no_standard_deviation():
    row = row_of(*table_of(RIGHT, GROUPS, folds=2))
    between = f"[{100 * row['recall_folds_lower']:.1f}, {100 * row['recall_folds_upper']:.1f}]"
    assert f"; mean macro recall of 2 folds 40.0 % {between}; " in terminal.headline(row)
    assert "sd" not in terminal.headline(row)


def test_too_few_groups_are_said_beside_the_counts():
    row = row_of(*table_of([True] * 20 + [False] * 20, [f"g{i // 10}" for i in range(40)], classes=2))
    text = "validation: macro recall 50.0 %; 20 of 40 clips, 50.0 %; chance 50.0 %; too few groups for an interval (4)"
    assert terminal.headline(row) == text
    assert terminal.headlines(pd.DataFrame([row])) == [text], "there is no interval to be about anything"


def test_backgrounds_are_said_to_be_a_lower_bound():
    table, names = table_of(RIGHT)
    text = terminal.headline(row_of(table.assign(scene=GROUPS), names))
    assert text.endswith("95 % cluster-robust over 6 backgrounds, a lower bound on the width")
    assert terminal.headline(row_of(table, names)).endswith("95 % clips taken as independent (share of clips: Wilson)")


def test_the_table_fits_80_columns_and_its_interval_is_that_of_the_recall(shown):
    validation, names = table_of(RIGHT, GROUPS, folds=2)
    test, _ = table_of([True, False, True] * 20, GROUPS, split="test_darkened", folds=2)
    text = shown(pd.concat([validation, test]), names)
    row = row_of(validation, names)
    grid = text[: text.index("validation: ")]
    assert max(map(len, grid.splitlines())) <= 80
    heads = next(line for line in text.splitlines() if "recall" in line).split()
    assert heads == ["split", "fold", "recall", "95", "%", "n", "correct", "accuracy", "loss"]
    between = f"[{100 * row['recall_lower']:.1f}, {100 * row['recall_upper']:.1f}]"
    all_clips = next(line for line in text.splitlines() if line.split()[:2] == ["validation", "all"])
    assert between in all_clips
    assert "test_darkened  ensemble" in grid
    assert text.count(terminal.ABOUT) == 1


def test_a_table_of_an_older_version_is_shown_without_what_it_lacks():
    row = row_of(*table_of(RIGHT, GROUPS))
    old = row.drop([name for name in row.index if name.startswith(("recall_lower", "recall_upper", "f1", "recall_f"))])
    assert terminal.headline(old).startswith("validation: macro recall 40.0 %; 24 of 60 clips, 40.0 % [")
