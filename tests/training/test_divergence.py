"""Training that diverges costs its fold, named with epoch and clips; the other folds go on."""

import math

import numpy as np
import pytest

from darkhar_cli.runs.run_folder import Run
from darkhar_cli.training import divergence
from darkhar_cli.training.divergence import Diverged, NotFinite
from tests.conftest import TINY


def test_a_step_that_is_not_finite_names_its_clips():
    names = [f"clip {i}" for i in range(20)]
    divergence.refuse_step(np.array([1e30, 2.0]), 0, 4)
    with pytest.raises(NotFinite) as found:
        divergence.refuse_step(np.array([math.inf, 2.0]), 4, 6)
    said = str(divergence.of_step(3, found.value, names))
    assert said == (
        "training diverged in epoch 3 (what training minimises inf, in the batch of clip 4, clip 5): "
        "try a lower train.learning_rate, or train.precision=float32"
    )
    assert "20 clips, among them clip 0" in str(divergence.of_step(1, NotFinite(0, 20, math.nan), names))


@pytest.mark.parametrize("key", ["loss", "inner_loss", "objective"])
def test_a_measure_that_is_not_finite_is_named(key):
    values = {"loss": 1.0, "inner_loss": 1.0, "objective": 1.0}
    divergence.refuse_epoch(1, values)
    what = {"loss": "training loss", "inner_loss": "inner-validation loss", "objective": "what training minimises"}
    with pytest.raises(Diverged, match=rf"diverged in epoch 2 \({what[key]} nan\)"):
        divergence.refuse_epoch(2, {**values, key: math.nan})


def test_a_loss_far_beyond_guessing_is_no_result():
    divergence.refuse_hopeless(4, 10.9, classes=3)
    with pytest.raises(Diverged, match=r"best epoch \(4\) has training loss 1.1e\+09, where guessing has 1.1"):
        divergence.refuse_hopeless(4, 1.1e9, classes=3)
    with pytest.raises(Diverged):
        divergence.refuse_hopeless(1, 7.0, classes=1)


def test_failures_are_told_together():
    one, other = Diverged("training diverged in epoch 1"), Diverged("x")
    assert divergence.together({"fold 0": one}, 0) is one
    said = str(divergence.together({"fold 0": one, "fold 2": other}, 1))
    assert said == "fold 0: training diverged in epoch 1; so did fold 2; 1 other fold is finished and kept"


def test_the_other_folds_go_on_and_are_kept(darkhar, own_clips, tmp_path, monkeypatch):
    """The second fold's steps give NaN; what the others have is kept."""
    from darkhar_cli.training.fold_session import FoldSession

    trained, real = [], FoldSession.train_epoch

    def second_fails(session, epoch):
        trained.append(session.fold.index)
        if session.fold.index == 1:
            raise NotFinite(0, 2, math.nan)
        return real(session, epoch)

    words = ["train", *own_clips, *TINY, "train.epochs=1", "cv=stratified_group", "cv.folds=3", "hydra.run.dir=run"]
    monkeypatch.setattr(FoldSession, "train_epoch", second_fails)
    code, _, err = darkhar(*words)
    assert code == 1
    assert trained == [0, 1, 2]
    assert "fold 1 has failed; the other folds go on" in err
    assert "fold 1: training diverged in epoch 1 (what training minimises nan, in the batch of " in err
    assert "2 other folds are finished and kept" in err
    assert "diverged" in (tmp_path / "run/error.txt").read_text()
    assert not (tmp_path / "run/metrics/summary.csv").exists(), "no number of fewer folds than were asked for"
    run = Run(tmp_path / "run")
    assert [run.has_fold(0, fold) for fold in range(3)] == [True, False, True], "the same command goes on from there"


def test_a_learning_rate_beyond_reason_is_no_good_run(darkhar, own_clips):
    words = ["train", *own_clips, *TINY, "train.epochs=2", "cv=holdout", "train.optimizer=sgd"]
    code, _, err = darkhar(*words, "train.learning_rate=1e10")
    assert code == 1
    assert "training diverged" in err
