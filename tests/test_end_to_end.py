"""Whole runs, as a user starts them: tables, resuming, sweeps, repeats, and what goes wrong."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import yaml

from darkhar_cli import controls, metrics
from tests.conftest import FOLDS, TINY, only, program, write_clips

TABLES = [
    "assignment.csv",
    "predictions.csv",
    "leaks.csv",
    *(f"metrics/{name}.csv" for name in ("folds", "summary", "per_class", "confusion", "history", "brightness")),
]
FIGURES = ["models/fold_0.keras", "figures/confusion_test.svg", "figures/history.svg", "report.html"]


def bytes_of(folder):
    return {name: (folder / name).read_bytes() for name in TABLES}


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
    assert list(predictions.columns) == [*head, *(f"p_{c}" for c in classes), "frames", "luma"]
    keys = predictions[["split", "repeat", "fold", "id"]]
    assert keys.equals(keys.sort_values(list(keys), ignore_index=True))
    assert len(predictions) == 18 + 3 * 3
    np.testing.assert_allclose(metrics.probabilities(predictions, classes).sum(axis=1), 1, atol=1e-6)
    for _, row in folds[folds["fold"] != "ensemble"].iterrows():
        part = predictions[(predictions["split"] == row["split"]) & (predictions["fold"] == int(row["fold"]))]
        assert metrics.score(part, classes)["loss"] == pytest.approx(row["loss"], rel=1e-6)
        assert metrics.score(part, classes)["correct"] == row["correct"]

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


def test_a_killed_run_goes_on_and_ends_with_the_same_tables(own_clips, tmp_path, home):
    words = ["train", *own_clips, *TINY, "train.epochs=6", "train.early_stopping=false"]
    whole = program(*words, "hydra.run.dir=whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    command = [sys.executable, "-m", "darkhar_cli", *words, "hydra.run.dir=cut"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "cut").glob(".folds/*/facts.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "cut" / "DONE").exists()
    resumed = program(*words, "hydra.run.dir=cut", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "fold 0: finished before, kept" in resumed.stderr
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


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
    assert "1 broken clips left out" in out
    run = only(tmp_path / "outputs" / "train")
    assert set(pd.read_csv(run / "metrics/summary.csv")["skipped"]) == {1}
    assert pd.read_csv(run / "skipped.csv")["id"].tolist() == ["down/fake.mp4"]
    assert json.loads((run / "run.json").read_text())["data"]["skipped"] == 1


def shrunk(experiment, clips, fake_tflite=None):
    small = ["sampler.frames=2", "train.epochs=1", "classifier.units=4", "classifier.dense=[4]", "cv.folds=2"]
    if experiment == "smoke":
        return small
    return [*small, f"dataset.root={clips}", "extractor.weights=none", "extractor.size=32"]


@pytest.mark.parametrize("experiment", ["smoke", "paper", "paper_histeq"])
def test_every_experiment_runs_shrunk(darkhar, tmp_path, experiment):
    from darkhar_cli import schema

    known = {"smoke", "paper", "paper_histeq", *controls.NAMES}  # tests/test_controls.py runs the controls
    assert set(schema.options("experiment")) == known, "add the new one here"
    clips = tmp_path / "ee"
    write_clips(clips / "train", classes=("Jump", "Run"), takes=3)
    files = sorted((clips / "train").glob("*/*.mp4"))
    rows = [f"{i}\t{int('Run' in f.name)}\t{f.relative_to(clips / 'train').as_posix()}" for i, f in enumerate(files)]
    (clips / "train.txt").write_text("\n".join(rows))
    (clips / "mapping_table_23.txt").write_text("0\tJump\n1\tRun\n")
    code, _, err = darkhar("train", f"experiment={experiment}", *shrunk(experiment, clips))
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    assert run.name.startswith(experiment + "-")
    config = yaml.safe_load((run / "config.yaml").read_text())
    if experiment != "smoke":
        assert config["cv"]["name"] == "stratified"
        assert config["extractor"]["name"] == "convnext_small"
        assert list(config["enhance"]) == (["histeq"] if experiment == "paper_histeq" else ["none"])


def test_the_papers_settings():
    from darkhar_cli import overrides

    request = overrides.read_request("train", ["experiment=paper_histeq", "dataset.root=/x"], False, None)
    config = request.jobs[0].config
    assert config["sampler"] == {"name": "uniform", "frames": 32, "short": "repeat_last"}
    assert config["extractor"] | {"trainable": False} == {
        "name": "convnext_small",
        "weights": "imagenet",
        "size": "native",
        "trainable": False,
    }
    assert config["classifier"] == {"name": "lstm", "units": 64, "dense": [32], "dropout": 0.0}
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
    assert facts["extractor"]["backend"] == "host"


def test_memory_does_not_grow_over_folds(own_clips, tmp_path):
    """Eight folds need hardly more than two: each fold's model goes with it."""
    code = (
        "import resource, sys\nfrom darkhar_cli import cli, runner\n"
        "peaks, run_fold = [], runner.run_fold\n"
        "def watched(*a):\n"
        "    run_fold(*a)\n"
        "    peaks.append(int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20)\n"
        "runner.run_fold = watched\n"
        "assert cli.main(sys.argv[1:]) == 0\nprint(peaks, file=sys.stderr)\n"
    )
    write_clips(tmp_path / "many", takes=8)
    words = [
        "train",
        "dataset=video_folder",
        f"dataset.root={tmp_path / 'many'}",
        *TINY,
        "train.epochs=1",
        "cv.folds=8",
    ]
    answer = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    peaks = json.loads(answer.stderr.splitlines()[-1])
    assert len(peaks) == 8
    assert peaks[-1] < 1.1 * peaks[1], peaks


def test_the_smoke_experiment_in_a_process_of_its_own(tmp_path):
    answer = program(
        "train", "experiment=smoke", cwd=tmp_path, env={"DARKHAR_HOME": str(tmp_path / "home")}, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert "synthetic" in answer.stdout
    assert "WARNING" not in answer.stderr
    assert "port.cc" not in answer.stderr
    shutil.rmtree(tmp_path / "home")


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
    write_clips(tmp_path / "clips" / "test", classes=("Jump", "walk"), takes=1)
    code, _, err = darkhar("train", "dataset=video_folder", f"dataset.root={tmp_path / 'clips'}")
    assert code == 2
    assert "class 'Jump' has no training clip" in err
    assert "did you mean 'jump'" in err


def test_leaks_are_told(darkhar, own_clips):
    code, _, err = darkhar("train", *own_clips, *TINY, "train.epochs=1", "cv=stratified")
    assert code == 0
    assert re.search(r"leak: [1-9] groups are both trained on and scored \(validation\)", err)
