"""Whole runs, as a user starts them: tables, resuming, sweeps, repeats, and what goes wrong."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from darkhar_cli.evaluation import controls
from darkhar_cli.metrics import tables
from tests.conftest import FOLDS, TINY, only, write_clips
from tests.helpers.run_tables import TABLES, bytes_of

FIGURES = ["models/fold_0.keras", "figures/confusion_test.svg", "figures/history.svg", "report.html"]


def test_a_run_leaves_its_tables_and_says_when_it_is_done(darkhar, own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=2", "sampler=random", "enhance=[gamma,histeq]"]
    code, out, _ = darkhar(*words)
    assert code == 0
    run = only(tmp_path / "outputs" / "train")
    assert run.name.startswith("video_folder-random-gamma+histeq-conv_small-lstm-")
    for name in (*TABLES, "config.yaml", "overrides.yaml", "run.json", "log.txt", "DONE", *FIGURES):
        assert (run / name).is_file(), name
    assert not (run / ".folds").exists()

    folds = pd.read_csv(run / "metrics/folds.csv")
    assert list(folds.columns) == FOLDS
    assert folds[["split", "fold"]].to_numpy().tolist() == [
        *[["validation", str(k)] for k in range(3)],
        *[["test", str(k)] for k in range(3)],
        ["test", "ensemble"],
    ]
    assert set(folds["cv"]) == {"stratified_group"}
    assert set(folds["enhance"]) == {"gamma+histeq"}

    predictions = pd.read_csv(run / "predictions.csv", dtype={"frames": str})
    classes = ["down", "right", "stay"]
    head = ["split", "repeat", "fold", "id", "group", "label", "predicted"]
    assert list(predictions.columns) == [*head, *(f"p_{c}" for c in classes), "frames", "luma", "scene"]
    keys = predictions[["split", "repeat", "fold", "id"]]
    assert keys.equals(keys.sort_values(list(keys), ignore_index=True))
    assert len(predictions) == 18 + 3 * 3
    np.testing.assert_allclose(tables.probabilities(predictions, classes).sum(axis=1), 1, atol=1e-6)
    for _, row in folds[folds["fold"] != "ensemble"].iterrows():
        part = predictions[(predictions["split"] == row["split"]) & (predictions["fold"] == int(row["fold"]))]
        assert tables.score(part, classes)["loss"] == pytest.approx(row["loss"], rel=1e-6)
        assert tables.score(part, classes)["correct"] == row["correct"]

    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["cv"] == {"name": "stratified_group", "folds": 3, "seed": 0}
    facts = json.loads((run / "run.json").read_text())
    assert facts["mode"] == "end_to_end"
    assert len({fold["initial_weights"] for fold in facts["folds"]}) == 1
    assert len({fold["training_ids"] for fold in facts["folds"]}) == 3
    for word in ("validation", "ensemble", "chance", str(run)):
        assert word in out

    before = bytes_of(run)
    code, out, err = darkhar(*words)
    assert code == 0
    assert "already done" in err
    assert "ensemble" in out
    assert bytes_of(run) == before

    code, _, _ = darkhar(*words, "fresh=true")
    assert code == 0
    second = run.with_name(run.name + "-2")
    assert bytes_of(second) == before, "same configuration, same tables to the byte"


def test_a_folder_of_another_experiment_is_not_written_into(darkhar, own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=1", "cv=holdout", "hydra.run.dir=here"]
    assert darkhar(*words)[0] == 0
    before = bytes_of(tmp_path / "here")
    code, _, err = darkhar(*words, "seed=5")
    assert code == 2
    assert "holds another experiment" in err
    assert bytes_of(tmp_path / "here") == before


def test_what_the_data_do_not_allow_leaves_nothing(darkhar, tmp_path):
    write_clips(tmp_path / "few", takes=2)
    (tmp_path / "few" / "right" / "right_1_1.mp4").unlink()
    (tmp_path / "empty").mkdir()
    write_clips(tmp_path / "broken", takes=2)
    (tmp_path / "broken" / "down" / "down_0_0.mp4").write_text("text")
    (tmp_path / "file").write_text("")
    own = ["train", "dataset=video_folder"]
    cases = [
        (2, "class 'right' has 1 clip", [*own, f"dataset.root={tmp_path / 'few'}"]),
        (2, "no clips under", [*own, f"dataset.root={tmp_path / 'empty'}"]),
        (1, "down/down_0_0.mp4: not a video", [*own, f"dataset.root={tmp_path / 'broken'}"]),
        (1, "file is not a folder", ["train", "experiment=smoke", f"hydra.run.dir={tmp_path / 'file' / 'run'}"]),
    ]
    for exit_code, said, words in cases:
        code, _, err = darkhar(*words)
        assert (code, said in err.replace("\n", " ")) == (exit_code, True), err
        assert not (tmp_path / "outputs").exists()


def test_wrong_weights_are_one_message_and_an_error_file(darkhar, own_clips, tmp_path):
    (tmp_path / "net.h5").write_bytes(b"x" * 1000)
    code, _, err = darkhar("train", *own_clips, "extractor=mobilenet", "extractor.weights=net.h5")
    assert code == 2
    assert "does not fit extractor 'mobilenet'" in err
    assert "Traceback" not in err
    run = only(tmp_path / "outputs" / "train")
    assert "net.h5" in (run / "error.txt").read_text()
    assert {path.name for path in run.iterdir()} == {"error.txt", "run.json", "log.txt"}
    assert not (run / "DONE").exists()


def test_skipped_clips_are_counted_in_what_follows(darkhar, tmp_path):
    root = write_clips(tmp_path / "clips", takes=4)
    (root / "down" / "fake.mp4").write_text("text")
    words = ["dataset=video_folder", f"dataset.root={root}", "dataset.on_error=skip", "cv.folds=2"]
    code, out, _ = darkhar("train", *words, *TINY, "train.epochs=1")
    assert code == 0
    assert "1 broken clip left out" in out
    run = only(tmp_path / "outputs" / "train")
    assert set(pd.read_csv(run / "metrics/summary.csv")["skipped"]) == {1}
    assert pd.read_csv(run / "skipped.csv")["id"].tolist() == ["down/fake.mp4"]
    assert json.loads((run / "run.json").read_text())["data"]["skipped"] == 1


def test_the_quick_experiment_takes_a_users_own_clips_whatever_their_folder_is_called(darkhar, tmp_path):
    root = write_clips(tmp_path / "${clips}")
    code, _, err = darkhar("train", "experiment=smoke", "dataset=video_folder", f"dataset.root={root}")
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    assert set(pd.read_csv(run / "predictions.csv")["label"]) == {"right", "down", "stay"}
    code, _, err = darkhar("evaluate", str(run))
    assert code == 0, err


EXPERIMENTS = ("smoke", "paper", "paper_histeq", "dual_stream", "pose_flow_late_fusion", "pose_flow_tcn", "pose_lstm")
EXPERIMENTS += ("motion_flow_statistics", "end_to_end")


def shrunk(experiment, clips, tflite):
    small = ["sampler.frames=2", "train.epochs=1", "classifier.units=4", "classifier.dense=[4]"]
    own, movenet = f"dataset.root={clips}", f"extractor.weights={tflite}"
    if experiment == "smoke":
        return [*small, "cv.folds=2"]
    if experiment == "dual_stream":
        chosen = ["dataset=ee6222har", own, "cv=stratified", "extractor.weights=none", "extractor.size=32"]
        return [*small, *chosen, "cv.folds=2", "extractor.alpha=0.25"]
    if experiment == "motion_flow_statistics":
        return ["dataset=ee6222har", own, "cv.folds=2"]
    if experiment == "end_to_end":
        return [*small, "dataset=ee6222har", own, "cv.folds=2", "extractor.size=16", "extractor.filters=4"]
    if experiment.startswith("pose"):
        words = ["dataset=ee6222har", own, movenet, "cv.repeats=2"]
        less = {
            "pose_flow_late_fusion": [],
            "pose_flow_tcn": ["train.epochs=1", "classifier.filters=4", "sampler.steps=8"],
            "pose_lstm": ["train.epochs=1", "classifier.units=4", "sampler.frames=4"],
        }
        return [*words, *less[experiment]]
    return [*small, own, "cv.folds=2", "extractor.weights=none", "extractor.size=32"]


def ee_folder(place):
    """Write a data set as EE6222's is: three classes, of which two are each other's reversal, in two groups each."""
    names = {0: "Run", 1: "Sit", 2: "Stand"}
    write_clips(place / "train", classes=tuple(names.values()), takes=4)
    files = sorted((place / "train").glob("*/*.mp4"))
    labels = {name: number for number, name in names.items()}
    rows = [f"{i}\t{labels[f.parent.name]}\t{f.relative_to(place / 'train')}" for i, f in enumerate(files)]
    (place / "train.txt").write_text("\n".join(rows))
    (place / "mapping_table_23.txt").write_text("".join(f"{number}\t{name}\n" for number, name in names.items()))
    return place


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_runs_shrunk(darkhar, tmp_path, experiment, fake_tflite):
    from darkhar_cli.config import schema

    known = {*EXPERIMENTS, *controls.NAMES}  # tests/evaluation/test_controls.py runs the controls
    assert set(schema.options("experiment")) == known, "add the new one here"
    clips = ee_folder(tmp_path / "ee")
    code, _, err = darkhar("train", f"experiment={experiment}", *shrunk(experiment, clips, fake_tflite))
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    assert run.name.startswith(experiment + "-")
    config = yaml.safe_load((run / "config.yaml").read_text())
    if experiment.startswith("paper"):
        assert config["cv"]["name"] == "stratified"
        assert config["extractor"]["name"] == "convnext_small"
        assert list(config["enhance"]) == (["histeq"] if experiment == "paper_histeq" else ["none"])
    if experiment.startswith("pose"):
        folds = pd.read_csv(run / "metrics/folds.csv")
        assert set(folds["cv"]) == {"leave_group_per_class_out"}
        assert len(folds) == 2
        assert json.loads((run / "run.json").read_text())["mode"] == "features"


def test_the_papers_settings():
    from darkhar_cli.config import request as overrides

    request = overrides.read_request("train", ["experiment=paper_histeq", "dataset.root=/x"], False, None)
    config = request.jobs[0].config
    assert config["sampler"] == {"name": "uniform", "frames": 32, "short": "repeat_last"}
    assert config["extractor"] | {"trainable": False} == {
        "name": "convnext_small",
        "weights": "imagenet",
        "size": "native",
        "trainable": False,
        "unfreeze": "all",
    }
    plain = {"embed": 0, "channels": "all", "centre": [], "instance_norm": False, "standardize": False, "clip": None}
    head = {"name": "lstm", "units": 64, "dense": [32], "dropout": 0.0} | plain | {"gain": 0.0, "noise": 0.0}
    assert config["classifier"] == head
    assert config["cv"]["folds"] == 3
    assert (config["train"]["epochs"], config["train"]["patience"], config["train"]["batch_per_class"]) == (10, 3, 2)
    assert config["train"]["learning_rate"] == 0.001


@pytest.mark.parametrize("extractor", ["movenet", "pose_flow"])
def test_keypoints_run_from_frames_to_tables(extractor, darkhar, own_clips, tmp_path, request):
    tflite = request.getfixturevalue("fake_tflite")
    words = ["train", *own_clips, f"extractor={extractor}", f"extractor.weights={tflite}", "enhance=gamma"]
    code, _, err = darkhar(*words, "classifier=mean_pool", "sampler.frames=3", "train.epochs=1")
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    facts = json.loads((run / "run.json").read_text())
    assert facts["mode"] == "features"
    assert facts["streams"][0]["backend"] == "host"


def test_a_diverged_training_is_named_and_not_kept(darkhar, own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=4", "cv=holdout", "train.optimizer=sgd"]
    code, _, err = darkhar(*words, "train.learning_rate=1e30", "hydra.run.dir=it's here")
    assert code == 1
    assert "training diverged in epoch" in err
    assert err.count("diverged") == 1, "one message, once"
    assert "Error executing job" not in err
    run = tmp_path / "it's here"
    assert "diverged" in (run / "error.txt").read_text()
    assert not (run / ".folds").exists()


def test_a_class_without_training_clips_is_refused(darkhar, tmp_path):
    write_clips(tmp_path / "clips" / "train", classes=("jump", "walk"))
    write_clips(tmp_path / "clips" / "test", classes=("jumps", "walk"), takes=1, height=40)
    code, _, err = darkhar("train", "dataset=video_folder", f"dataset.root={tmp_path / 'clips'}")
    assert code == 2
    assert "class 'jumps' has no training clip" in err
    assert "did you mean 'jump'" in err


def test_leaks_are_told(darkhar, own_clips):
    code, _, err = darkhar("train", *own_clips, *TINY, "train.epochs=1", "cv=stratified")
    assert code == 0
    assert re.search(r"leak: [1-9] groups are both trained on and scored \(validation\)", err)
