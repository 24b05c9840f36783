"""Training: both ways agree, frames are computed once, clips of a fold's other side are never shown."""

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import SCORING
from darkhar_cli.splits.plan import Fold, plan_folds
from darkhar_cli.training import compiled_model
from darkhar_cli.training.events import EpochEnd, TrainingListener
from darkhar_cli.training.fit_loop import fit_fold
from darkhar_cli.training.fold_recorder import kept_words
from darkhar_cli.training.fold_session import FoldSession
from darkhar_cli.training.modes import resolve_mode
from tests.helpers.trainers import HEAD, TRAIN, lively_mobilenet, session_of, trainer_maker


@pytest.fixture(scope="module")
def lively(tmp_path_factory):
    return lively_mobilenet(tmp_path_factory.mktemp("lively"))


@pytest.fixture
def trainer(tmp_path, clips, lively):
    return trainer_maker(tmp_path, clips, lively)


def inputs_of(made):
    return made.streams[0].inputs()


def test_end_to_end_and_features_agree(trainer, clips):
    results = {}
    for mode in ("end_to_end", "features"):
        made = trainer(mode=mode)
        session = session_of(made, clips.rows("train"))
        losses = [session.train_epoch(epoch)["loss"] for epoch in range(3)]
        logits = session.logits(clips.rows("train"))
        results[mode] = (losses, logits, made.frames_text(clips.rows("train")))
    np.testing.assert_allclose(results["end_to_end"][0], results["features"][0], rtol=2e-4)
    np.testing.assert_allclose(results["end_to_end"][1], results["features"][1], rtol=2e-3, atol=2e-3)
    assert results["end_to_end"][2] == results["features"][2]


def test_the_saved_model_gives_the_runners_logits(trainer, clips, tmp_path):
    from darkhar_cli.data.video import read_frames
    from darkhar_cli.randomness import key_of

    made = trainer(extractor=("conv_small", {"size": [16, 20], "filters": 4, "features": 8}))
    assert made.mode == "end_to_end"
    session = session_of(made, clips.rows("train"))
    session.train_epoch(0)
    session.model.whole.save(tmp_path / "model.keras")
    whole = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = session.logits([0, 5])
    for row, logits in zip([0, 5], expected, strict=True):
        key = np.array([key_of(3, SCORING, clips.table.loc[row, "digest"])], np.uint32)
        got = whole(read_frames(clips.video(row))[None], keys=key)
        np.testing.assert_allclose(got[0], logits, rtol=1e-4, atol=1e-5)


def test_each_frame_is_computed_once(trainer, clips):
    made = trainer()
    plan = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0)
    made.prepare(plan, TRAIN.epochs)
    needed = inputs_of(made).computed
    assert 0 < needed <= clips.table["n_frames"].sum()
    session = session_of(made, clips.rows("train"))
    for epoch in range(TRAIN.epochs):
        session.train_epoch(epoch)
    session.logits(clips.rows("train"))
    assert inputs_of(made).computed == needed


def test_only_the_rows_given_are_shown(trainer, clips):
    made = trainer()
    shown, each = [], inputs_of(made).each
    inputs_of(made).each = lambda rows, positions: shown.extend(rows) or each(rows, positions)
    rows = clips.rows("train")[1::2]
    session_of(made, rows).train_epoch(0)
    assert sorted(shown) == rows


def test_an_epochs_loss_is_of_all_its_clips(trainer, clips):
    made = trainer(sampler="uniform", learning_rate=1e-12, batch_per_class=1)
    rows = clips.rows("train")[1:]  # the first has features of zero, so a tie
    session = session_of(made, rows)
    got = session.train_epoch(0)
    expected = session.measure(rows)
    assert got["loss"] == pytest.approx(expected["loss"], rel=1e-4)
    assert got["accuracy"] == pytest.approx(expected["accuracy"])


def cross_entropy(logits, truth):
    return -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(truth)), truth].mean()


@pytest.mark.parametrize("mode", ["features", "end_to_end"])
def test_training_and_inner_loss_are_the_same_quantity(trainer, clips, mode):
    head = ("linear", {"l2": 5.0, "noise": 0.5})  # penalties and a disturbance larger than the cross-entropy
    made = trainer(classifier=head, mode=mode, class_weight="balanced", learning_rate=1e-3)
    rows = clips.rows("train")
    session = session_of(made, rows, inner=rows)  # the same clips on both sides
    history, kept = fit_fold(session, TrainingListener())
    history = [epoch.row() for epoch in history]
    truth = np.array(clips.labels(rows))
    assert [entry["loss"] for entry in history] == [entry["inner_loss"] for entry in history]
    assert [entry["accuracy"] for entry in history] == [entry["inner_accuracy"] for entry in history]
    best = min(history, key=lambda entry: entry["inner_loss"])
    assert kept == best["epoch"]
    assert best["loss"] == pytest.approx(cross_entropy(session.logits(rows), truth), rel=1e-5)
    assert all(entry["objective"] > entry["loss"] + 0.1 for entry in history), "what is minimised is told apart"


def test_what_is_kept_is_told_with_that_epochs_numbers():
    history = [EpochEnd(n, {"loss": n / 10, "accuracy": 0.5, "objective": 9.0}) for n in (1, 2, 3)]
    assert kept_words(history, 3, "") == "kept epoch 3 of 3 (the last): training loss 0.300, accuracy 0.500"
    assert kept_words(history[:1], 1, "", solved=True).startswith("solved at once: training loss ")
    history = [
        EpochEnd(epoch.number, {**epoch.values, "inner_loss": 1 + epoch.values["loss"], "inner_accuracy": 0.25})
        for epoch in history
    ]
    assert kept_words(history, 2, "inner-validation") == (
        "kept epoch 2 of 3: inner-validation loss 1.200, accuracy 0.250; training loss 0.200, accuracy 0.500"
    )


def test_every_fold_starts_from_the_same_fresh_weights(trainer, clips):
    made = trainer()
    first = session_of(made, clips.rows("train"))
    before = first.model.weights_hash()
    assert first.initial_weights == before
    first.train_epoch(0)
    assert first.model.weights_hash() != before
    assert session_of(made, clips.rows("train")).model.weights_hash() == before


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_and_keeps_logits_float32(trainer, clips, policy):
    from darkhar_cli import device

    with device.precision(policy):
        made = trainer(extractor=("conv_small", {"size": [16, 20], "filters": 4, "features": 8}))
        session = session_of(made, clips.rows("train"))
        losses = [session.train_epoch(epoch)["loss"] for epoch in range(3)]
        logits = session.logits(clips.rows("train"))
    assert np.isfinite(losses).all()
    assert logits.dtype == np.float32
    grid = logits * 256
    assert (grid != grid.round()).any(), "float16 logits of this size would stand on a grid"


def test_modes_that_cannot_be_are_refused(trainer, clips):
    frozen = trainer().streams[0].extractor
    assert resolve_mode("auto", frozen)[0] == "features"
    learns = trainer(extractor=("conv_small", {"size": [16, 20]})).streams[0].extractor
    assert resolve_mode("auto", learns)[0] == "end_to_end"
    with pytest.raises(BadRequest, match=r"learns; use train.mode=end_to_end"):
        resolve_mode("features", learns)


def test_both_ways_agree_on_real_clips(trainer, clips, real_clips, real_models, tmp_path):
    from darkhar_cli.data import clip_dataset

    rows = [{"path": str(path), "label": path.parent.name} for path in sorted(real_clips.glob("train/*/*.mp4"))[::19]]
    pd.DataFrame(rows).to_csv(tmp_path / "some.csv", index=False)
    request = {"name": "video_folder", "root": str(real_clips), "labels": str(tmp_path / "some.csv"), "group": None}
    real = clip_dataset.open_clips({**request, "test": None, "data_dir": str(tmp_path), "on_error": "stop"})
    weights = {"alpha": 0.25, "weights": str(real_models / "mobilenet_2_5_224_tf_no_top.h5"), "size": 224}
    found = {}
    for mode in ("end_to_end", "features"):
        made = trainer(extractor=("mobilenet", weights), mode=mode, learning_rate=0.001, on=real)
        every = real.rows("train")
        session = session_of(made, every)
        losses = [session.train_epoch(epoch)["loss"] for epoch in range(3)]
        found[mode] = losses, session.logits(every)
    np.testing.assert_allclose(found["features"][0], found["end_to_end"][0], rtol=1e-4)
    np.testing.assert_allclose(found["features"][1], found["end_to_end"][1], rtol=1e-3, atol=1e-3)


CONV = ("conv_small", {"size": [16, 20], "filters": 4, "features": 8})


@pytest.mark.parametrize(
    ("mode", "classifier"),
    [("end_to_end", HEAD), ("features", HEAD), ("features", ("linear", {"l2": 0.1, "solver": "lbfgs"}))],
)
def test_a_fold_alone_is_the_same_fold_in_a_whole_run_to_the_byte(trainer, clips, lively, mode, classifier):
    alone_as_in_a_whole_run(trainer, clips, lively, mode, classifier)


_EVERY = {name: (name, {}) for name in ("attention", "bilstm", "gru", "linear", "lstm", "mean_pool", "tcn")}
_EVERY |= {"transformer": ("transformer", {}), "statistics": ("statistics", {"solver": "gradient"})}


@pytest.mark.parametrize("mode", ["end_to_end", "features"])
@pytest.mark.parametrize("classifier", sorted(schema.options("classifier")))
def test_every_classifiers_fold_alone_is_the_same_to_the_byte(trainer, clips, lively, mode, classifier):
    alone_as_in_a_whole_run(trainer, clips, lively, mode, _EVERY[classifier])


def alone_as_in_a_whole_run(trainer, clips, lively, mode, classifier):
    """Compare folds with themselves: all in one process, in another order, each after nothing else was traced."""
    every = clips.rows("train")
    folds = [Fold(i, rows, []) for i, rows in enumerate((every[:5], every[1:], every[:9:2], every[::-1][:7]))]

    def run(todo):
        compiled_model._heads.clear()
        made, found = trainer(extractor=lively if mode == "features" else CONV, classifier=classifier, mode=mode), {}
        for fold in todo:
            session = FoldSession(made, fold, inner=fold.train[:3])
            history, _ = fit_fold(session, TrainingListener())
            logits = session.logits(every[fold.index :])
            found[fold.index] = (history, session.model.weights_hash(), logits.tobytes())
        return found

    whole = run(folds)
    assert run(folds[::-1]) == whole
    for fold in folds:
        assert run([fold]) == {fold.index: whole[fold.index]}
