"""What a tracker is told of a run; and that its failure, wherever it comes, is a warning and no more."""

import random
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from darkhar_cli import caveats, registry
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Fold
from darkhar_cli.trackers.contract import Tracker
from darkhar_cli.training.events import EpochEnd
from darkhar_cli.training.tracking import tracked

HISTORY = pd.DataFrame(
    {"repeat": [0, 0, 1], "fold": [0, 1, 0], "epoch": [1, 1, 1], "loss": [1.5, 1.25, 2.0], "inner_loss": [0.5, "", ""]}
)
SUMMARY = pd.DataFrame({"split": ["validation"], "of": ["folds"], "recall_macro": [0.5]})


class Fake(Tracker):
    """Writes down what it is told; fails where it is asked to; draws from every generator it can reach."""

    told: ClassVar = []

    def __init__(self, fails=""):
        self.fails = fails
        self._note("made")

    def _note(self, what, *values):
        random.random()
        np.random.random()
        self.told.append((what, *values))
        if what == self.fails:
            raise OSError("disk full\nand more")

    def begin(self, run):
        self._note("begin", run.name, dict(run.parameters))

    def epoch(self, fold, number, values):
        self._note("epoch", fold, number, dict(values))

    def table(self, summary):
        self._note("table", summary["recall_macro"].tolist())

    def end(self, problem):
        self._note("end", problem)


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """Return what lets a fake tracker follow a run in which fold 1 alone is trained."""
    monkeypatch.setitem(registry.parts("tracker"), "fake", Fake)
    monkeypatch.setattr(Fake, "told", [])
    run = Run(tmp_path / "run")
    run.claim("tracked")
    run.save("metrics/history.csv", HISTORY)
    run.save("metrics/summary.csv", SUMMARY)

    def train(fails="", problem=None):
        with tracked({"name": "fake", "fails": fails}, run, {"seed": 3}) as told:
            told.on_epoch_end(SimpleNamespace(fold=Fold(1, [], [])), EpochEnd(1, {"loss": 1.25}))
            if problem:
                raise problem
            told.finish()
        return told

    train.run = run
    return train


BEGIN = [("made",), ("begin", "run", {"seed": 3}), ("epoch", "fold_1", 1, {"loss": 1.25})]


def test_folds_that_were_trained_before_are_told_of_with_the_results(follow):
    assert not follow().failed
    assert Fake.told == [
        *BEGIN,
        ("epoch", "fold_0", 1, {"loss": 1.5, "inner_loss": 0.5}),
        ("epoch", "repeat_1_fold_0", 1, {"loss": 2.0}),
        ("table", [0.5]),
        ("end", ""),
    ]
    assert follow.run.caveats() == []


@pytest.mark.parametrize("problem", [RuntimeError("diverged"), KeyboardInterrupt()])
def test_what_ends_a_run_early_is_told_and_goes_on(follow, problem):
    with pytest.raises(type(problem)):
        follow(problem=problem)
    said = "RuntimeError: diverged" if str(problem) else "KeyboardInterrupt"
    assert Fake.told == [*BEGIN, ("end", said)]


@pytest.mark.parametrize(
    ("fails", "where"),
    [
        ("made", "at its start"),
        ("begin", "at its start"),
        ("epoch", "at an epoch"),
        ("table", "at its results"),
        ("end", "at its end"),
    ],
)
def test_a_failure_is_a_warning_that_travels(follow, capsys, fails, where):
    assert follow(fails).failed
    text = f"tracker fake failed {where} (OSError: disk full)"
    assert follow.run.caveats() == [text]
    assert follow.run.warnings()[0].kind == caveats.Kind.TRACKER
    assert capsys.readouterr().err.count(f"{text}; the run goes on without it") == 1
    assert f"{text}; the run goes on without it" in (follow.run.folder / "log.txt").read_text()
    names = [what for what, *_ in Fake.told]
    assert names.count(fails) == 1, "it is told nothing more"
    assert names[-1] == ("made" if fails == "made" else "end"), "what it holds open is closed"


def test_a_failure_while_a_run_fails_does_not_hide_why(follow):
    with pytest.raises(RuntimeError, match="diverged"):
        follow("end", problem=RuntimeError("diverged"))


def test_draws_of_a_tracker_change_nobodys_numbers(follow):
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random()
    for fails in ("", "epoch"):
        random.seed(1)
        np.random.seed(1)
        follow(fails)
        assert (random.random(), np.random.random()) == expected


def test_no_tracker_is_told_nothing(follow):
    with tracked({"name": "none"}, follow.run, {}) as told:
        assert told is None


def test_a_package_that_is_gone_is_a_warning_by_then(follow, monkeypatch):
    monkeypatch.setattr(Fake, "package", "no_such_package", raising=False)
    monkeypatch.setattr(Fake, "extra", "fake", raising=False)
    assert follow().failed
    assert "pip install 'darkhar[fake]'" in follow.run.caveats()[0]
    assert Fake.told == []
