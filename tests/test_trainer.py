"""Training: both ways agree, frames are computed once, clips of a fold's other side are never shown."""

import keras
import numpy as np
import pandas as pd
import pytest

from darkhar_cli import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.experiment import Experiment
from darkhar_cli.folds import plan_folds
from darkhar_cli.modes import resolve_mode
from darkhar_cli.randomness import SCORING
from darkhar_cli.stream import Setting, StreamParts
from darkhar_cli.trainer import Trainer

TRAIN = schema.options("train")["default"].defaults | {
    "epochs": 3,
    "learning_rate": 0.01,
    "early_stopping": False,
    "precision": "float32",
}
FROZEN = ("mobilenet", {"alpha": 0.25, "weights": "none", "size": 32})
HEAD = ("lstm", {"units": 8, "dense": [8]})


@pytest.fixture(scope="session")
def lively(tmp_path_factory):
    """FROZEN with weights whose features differ from clip to clip: without statistics for its normalisations, random
    weights make features of 1e-18.
    """
    keras.utils.set_random_seed(3)
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # the last batch's statistics
    network(np.random.default_rng(0).uniform(-1, -0.5, (32, 32, 32, 3)).astype(np.float32), training=True)
    path = tmp_path_factory.mktemp("lively") / "mobilenet.weights.h5"
    network.save_weights(path)
    return FROZEN[0], FROZEN[1] | {"weights": str(path)}


def inputs_of(made):
    return made.streams[0].inputs()


@pytest.fixture
def trainer(tmp_path, clips, lively):
    """Make a trainer with an empty bank."""
    made = []

    def make(sampler="random", extractor=lively, enhance="histeq", classifier=HEAD, on=None, **train):
        made.append(None)
        parts = StreamParts((sampler, {"frames": 4}), [(enhance, {})], extractor, classifier)
        runtime, cache = {"name": "auto", "precision": "float32"}, tmp_path / f"bank{len(made)}"
        experiment = Experiment({"": parts}, Setting(3, TRAIN | train, runtime, cache))
        return Trainer(experiment, clips if on is None else on)

    return make


def test_end_to_end_and_features_agree(trainer, clips):
    results = {}
    for mode in ("end_to_end", "features"):
        made = trainer(mode=mode)
        learner = made.learner()
        losses = [made.train_epoch(learner, clips.rows("train"), epoch)["loss"] for epoch in range(3)]
        logits = made.logits(learner, clips.rows("train"))
        results[mode] = (losses, logits, made.frames_text(clips.rows("train")))
    np.testing.assert_allclose(results["end_to_end"][0], results["features"][0], rtol=2e-4)
    np.testing.assert_allclose(results["end_to_end"][1], results["features"][1], rtol=2e-3, atol=2e-3)
    assert results["end_to_end"][2] == results["features"][2]


def test_the_saved_model_gives_the_runners_logits(trainer, clips, tmp_path):
    from darkhar_cli.randomness import key_of
    from darkhar_cli.video import read_frames

    made = trainer(extractor=("conv_small", {"size": [16, 20], "filters": 4, "features": 8}))
    assert made.mode == "end_to_end"
    learner = made.learner()
    made.train_epoch(learner, clips.rows("train"), 0)
    learner.whole.save(tmp_path / "model.keras")
    whole = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = made.logits(learner, [0, 5])
    for row, logits in zip([0, 5], expected, strict=True):
        key = np.array([key_of(3, SCORING, clips.table.loc[row, "digest"])], np.uint32)
        got = whole(read_frames(clips.video(row))[None], keys=key)
        np.testing.assert_allclose(got[0], logits, rtol=1e-4, atol=1e-5)


def test_each_frame_is_computed_once(trainer, clips):
    made = trainer()
    plan = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0)
    made.prepare(plan, TRAIN["epochs"])
    needed = inputs_of(made).computed
    assert 0 < needed <= clips.table["n_frames"].sum()
    learner = made.learner()
    for epoch in range(TRAIN["epochs"]):
        made.train_epoch(learner, clips.rows("train"), epoch)
    made.logits(learner, clips.rows("train"))
    assert inputs_of(made).computed == needed


def test_only_the_rows_given_are_shown(trainer, clips):
    made = trainer()
    shown, each = [], inputs_of(made).each
    inputs_of(made).each = lambda rows, positions: shown.extend(rows) or each(rows, positions)
    rows = clips.rows("train")[1::2]
    made.train_epoch(made.learner(), rows, 0)
    assert sorted(shown) == rows


def test_an_epochs_loss_is_of_all_its_clips(trainer, clips):
    made = trainer(sampler="uniform", learning_rate=1e-12, batch_per_class=1)
    learner, rows = made.learner(), clips.rows("train")[:11]
    got = made.train_epoch(learner, rows, 0)
    expected = made.watch(learner, rows)
    assert got["loss"] == pytest.approx(expected["inner_loss"], rel=1e-4)
    assert got["accuracy"] == pytest.approx(expected["inner_accuracy"])


def test_every_fold_starts_from_the_same_fresh_weights(trainer, clips):
    made = trainer()
    first = made.learner()
    before = first.weights_hash()
    made.train_epoch(first, clips.rows("train"), 0)
    assert first.weights_hash() != before
    assert made.learner().weights_hash() == before


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains_and_keeps_logits_float32(trainer, clips, policy):
    from darkhar_cli import device

    with device.precision(policy):
        made = trainer(extractor=("conv_small", {"size": [16, 20], "filters": 4, "features": 8}))
        learner = made.learner()
        losses = [made.train_epoch(learner, clips.rows("train"), epoch)["loss"] for epoch in range(3)]
        logits = made.logits(learner, clips.rows("train"))
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
    from darkhar_cli import clips as data

    rows = [{"path": str(path), "label": path.parent.name} for path in sorted(real_clips.glob("train/*/*.mp4"))[::19]]
    pd.DataFrame(rows).to_csv(tmp_path / "some.csv", index=False)
    request = {"name": "video_folder", "root": str(real_clips), "labels": str(tmp_path / "some.csv"), "group": None}
    real = data.open_clips({**request, "test": None, "data_dir": str(tmp_path), "on_error": "stop"})
    weights = {"alpha": 0.25, "weights": str(real_models / "mobilenet_2_5_224_tf_no_top.h5"), "size": 224}
    found = {}
    for mode in ("end_to_end", "features"):
        made = trainer(extractor=("mobilenet", weights), mode=mode, learning_rate=0.001, on=real)
        learner, every = made.learner(), real.rows("train")
        losses = [made.train_epoch(learner, every, epoch)["loss"] for epoch in range(3)]
        found[mode] = losses, made.logits(learner, every)
    np.testing.assert_allclose(found["features"][0], found["end_to_end"][0], rtol=1e-4)
    np.testing.assert_allclose(found["features"][1], found["end_to_end"][1], rtol=1e-3, atol=1e-3)


def test_shuffled_labels_are_the_training_clips_own_in_another_order(trainer, clips):
    fold = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0).folds[0]
    true = clips.labels(clips.table.index)
    plain, shuffled = trainer(), trainer(shuffle_labels="clips")
    for made in (plain, shuffled):
        made.begin(made.learner(), fold, fold.train)
    assert plain._labels == true
    assert [shuffled._labels[row] for row in fold.validation] == [true[row] for row in fold.validation]
    ours, theirs = ([labels[row] for row in fold.train] for labels in (shuffled._labels, true))
    assert ours != theirs
    assert sorted(ours) == sorted(theirs)


def test_statistics_are_taken_of_the_rows_to_fit_alone(trainer, clips):
    made = trainer(sampler="uniform", classifier=("linear", {"l2": 0.01}))
    plan = plan_folds({"name": "stratified", "folds": 2, "seed": 0}, clips.table, 0)
    means = []
    for fold in plan.folds:
        learner = made.learner()
        layer = learner.model.get_layer("standardize")
        assert not layer.mean.numpy().any(), "fresh"
        made.begin(learner, fold, fold.train)
        positions = [views[0] for views in made.streams[0].positions(fold.train, SCORING)]
        features = inputs_of(made).load(fold.train, positions)[0]
        assert features.std(axis=(0, 1)).max() > 0.01
        np.testing.assert_allclose(layer.mean.numpy(), features.reshape(-1, 256).mean(axis=0), rtol=1e-4, atol=1e-6)
        means.append(layer.mean.numpy())
    assert (means[0] != means[1]).any()
