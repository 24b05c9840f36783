"""What listeners are told of a run, in which order, with which facts: trained from features, end to end, solved,
resumed, ended early."""

from contextlib import suppress
from dataclasses import replace

import pytest

from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import plan_folds
from darkhar_cli.training.cross_validation import run_folds
from darkhar_cli.training.events import Listeners, TrainingListener
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts
from darkhar_cli.training.trainer import Trainer
from tests.helpers.trainers import HEAD, train_settings

LUMA = ("luma", {})
CONV = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})
SOLVED = ("linear", {"l2": 0.1, "solver": "lbfgs"})
MEASURED = ["accuracy", "loss"]


class Recorder(TrainingListener):
    """Keeps what it is told; fails when a fold of some number begins."""

    def __init__(self, fails_at=None):
        self.told, self.values, self.weights, self.fails_at = [], {}, [], fails_at

    def on_run_begin(self, run):
        numbers = [[fold.index for fold in folds] for folds in (run.folds, run.finished)]
        self.told.append(("run begins", run.execution.mode, run.execution.epochs, *numbers))

    def on_fold_resumed(self, fold):
        self.told.append(("resumed", fold.index))

    def on_fold_begin(self, session):
        if session.fold.index == self.fails_at:
            raise RuntimeError("the tracker is gone")
        assert session.model.weights_hash() == session.initial_weights
        self.weights.append(session.initial_weights)
        self.told.append(("fold begins", session.fold.index, len(session.fit), len(session.inner)))

    def on_epoch_end(self, session, epoch):
        self.values[session.fold.index, epoch.number] = epoch.values
        self.told.append(("epoch ends", session.fold.index, epoch.number, sorted(epoch.values)))

    def on_fold_end(self, session, result):
        splits = result.predictions["split"].value_counts().to_dict()
        self.told.append(("fold ends", session.fold.index, len(result.history), result.kept, splits))
        assert session.model.weights_hash() != session.initial_weights

    def on_run_end(self, problem):
        self.told.append(("run ends", problem and str(problem)))


@pytest.fixture
def job(tmp_path, clips):
    """Run two folds of a tiny experiment into one folder; returns what was told."""
    plan = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0)

    def run(extractor=LUMA, classifier=HEAD, fails_at=None, watches_scored=False, **train):
        parts = StreamParts(("uniform", {"frames": 3}), [("none", {})], extractor, classifier)
        setting = Setting(3, train_settings(**{"epochs": 2, **train}), RuntimeSettings(), tmp_path / "features")
        asked, folder = replace(plan, watches_scored=watches_scored), Run(tmp_path / "run")
        folder.claim("events")
        recorder = Recorder(fails_at)
        with suppress(RuntimeError):  # its words are what on_run_end is told
            run_folds(Trainer(Experiment({"": parts}, setting), clips), asked, folder, [recorder])
        return recorder, folder, plan

    return run


def of_a_fold(fold, epochs, values):
    fit, scored = len(fold.train), {"validation": len(fold.validation)}
    return [
        ("fold begins", fold.index, fit, 0),
        *(("epoch ends", fold.index, number, values) for number in range(1, epochs + 1)),
        ("fold ends", fold.index, epochs, epochs, scored),
    ]


@pytest.mark.parametrize(
    ("extractor", "classifier", "mode", "epochs", "values"),
    [
        (LUMA, HEAD, "features", 2, [*MEASURED, "objective"]),
        (CONV, HEAD, "end_to_end", 2, [*MEASURED, "objective"]),
        (LUMA, SOLVED, "features", 1, MEASURED),
    ],
)
def test_a_whole_run(extractor, classifier, mode, epochs, values, job):
    recorder, folder, plan = job(extractor, classifier)
    expected = [("run begins", mode, epochs, [0, 1], [])]
    for fold in plan.folds:
        expected += of_a_fold(fold, epochs, values)
    assert recorder.told == [*expected, ("run ends", None)]
    assert len(set(recorder.weights)) == 1, "every fold starts from the same weights"
    history = folder.collect([(0, 0), (0, 1)], "history.csv").set_index(["fold", "epoch"])
    for place, told in recorder.values.items():
        kept = {key: value for key, value in history.loc[place].drop("repeat").items() if value != ""}
        assert kept == pytest.approx(dict(told))


def test_watched_clips_are_measured_after_each_epoch(job):
    recorder, _, plan = job(early_stopping=True, watches_scored=True)
    begun, epoch, *_ = recorder.told[1:]
    assert begun == ("fold begins", 0, len(plan.folds[0].train), len(plan.folds[0].validation))
    assert epoch == ("epoch ends", 0, 1, ["accuracy", "inner_accuracy", "inner_loss", "loss", "objective"])


def test_a_run_that_ends_early_says_why_and_a_resumed_one_what_was_there(job):
    first, folder, plan = job(fails_at=1)
    one, two = plan.folds
    values = [*MEASURED, "objective"]
    assert first.told == [
        ("run begins", "features", 2, [0, 1], []),
        *of_a_fold(one, 2, values),
        ("run ends", "the tracker is gone"),
    ]
    again, _, _ = job()
    assert again.told == [
        ("run begins", "features", 2, [1], [0]),
        ("resumed", 0),
        *of_a_fold(two, 2, values),
        ("run ends", None),
    ]
    assert again.weights == first.weights
    assert "fold 0: finished before, kept" in (folder.folder / "log.txt").read_text()
    assert job()[0].told == [], "nothing is left to do"


def test_all_are_told_of_the_end_even_if_one_fails():
    class Failing(TrainingListener):
        def on_run_end(self, problem):
            raise OSError("disk full")

    recorders = Recorder(), Recorder()
    with pytest.raises(OSError, match="disk full"):
        Listeners([recorders[0], Failing(), recorders[1]]).on_run_end(None)
    assert [one.told for one in recorders] == [[("run ends", None)]] * 2
