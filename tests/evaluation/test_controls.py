"""Controls: experiments like others, on the experiment's own folds; what is planted is found by them."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.config import request
from darkhar_cli.data.video import write_video
from darkhar_cli.evaluation import controls
from darkhar_cli.metrics import statistics
from darkhar_cli.runs.run_folder import Run
from tests.conftest import TINY, only


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Clips without any action whose background gives the class away within a group, and in a group only."""
    rng, tmp_path = np.random.default_rng(0), tmp_path_factory.mktemp("planted")
    for name in ("one", "two", "three"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for group in range(4):
            scene = rng.integers(0, 120, (6, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
            for take in range(5):
                frames = np.clip(scene + rng.integers(-3, 4, (8, 48, 64, 3)), 0, 255).astype(np.uint8)
                (tmp_path / "clips" / name / f"{name}_{group}_{take}.mp4").write_bytes(write_video(frames, 30))
    return ["dataset=video_folder", f"dataset.root={tmp_path / 'clips'}", r"dataset.group=^([a-z]+_\d+)_"]


def accuracy(darkhar, tmp_path, *words):
    folder = tmp_path / str(abs(hash(words)))
    code, _, errors = darkhar("train", *words, f"hydra.run.dir={folder}")
    assert code == 0, errors
    return Run(folder).read("metrics/summary.csv").iloc[0]


def test_a_planted_background_looks_good_by_clip_and_not_by_group(darkhar, planted, tmp_path):
    words = [*planted, "experiment=control_background"]
    by_clip = accuracy(darkhar, tmp_path, *words, "cv=stratified")
    by_group = accuracy(darkhar, tmp_path, *words, "cv=stratified_group", "cv.folds=2")
    assert by_clip["accuracy"] > 0.9
    assert by_group["lower"] <= by_group["chance"]


def test_labels_shuffled_among_groups_show_that_rooms_leak_and_single_clips_do_not(darkhar, planted, tmp_path):
    words = [*planted, "experiment=control_background", "cv=stratified"]
    by_group = accuracy(darkhar, tmp_path, *words, "train.shuffle_labels=groups")
    assert by_group["accuracy"] > 0.9
    by_clip = accuracy(darkhar, tmp_path, *words, "train.shuffle_labels=clips")
    low, high = statistics.wilson(by_clip["correct"], by_clip["n"])
    assert low <= by_clip["chance"] <= high


@pytest.mark.parametrize("given", ["true", "false", "group"])
def test_other_ways_to_shuffle_are_refused_with_those_there_are(darkhar, own_clips, given):
    code, _, errors = darkhar("train", *own_clips, f"train.shuffle_labels={given}")
    assert code == 2
    assert "allowed is none | groups | clips" in errors


def test_controls_stand_beside_an_experiment(darkhar, own_clips, tmp_path):
    words = ["train", *own_clips, *TINY, "train.epochs=1", "cv=stratified_group", "cv.folds=2"]
    assert darkhar(*words)[0] == 0
    run = only(tmp_path / "outputs" / "train")
    before = (run / "predictions.csv").read_bytes()
    assert not (run / "metrics" / "controls.csv").exists()
    code, out, _ = darkhar(*words, "controls=true")
    assert code == 0
    assert only(tmp_path / "outputs" / "train") == run, "controls are added to the finished run"
    assert (run / "predictions.csv").read_bytes() == before
    table = pd.read_csv(run / "metrics" / "controls.csv")
    assert table["control"].drop_duplicates().tolist() == ["background", "luma", "motion", "shuffled"]
    for name in ("background", "luma", "motion", "shuffled"):
        assert name in out
        assignment = run / "controls" / f"control_{name}" / "assignment.csv"
        assert assignment.read_bytes() == (run / "assignment.csv").read_bytes(), "the same folds"
    verdict = json.loads((run / "run.json").read_text())["verdict"]
    assert re.match(r"the model (beats|does not beat|is not shown to beat) .* alone: [\d.]+ against [\d.]+ %", verdict)
    assert (f"controls: {verdict}" in out) == verdict.startswith("the model beats")
    page = (run / "report.html").read_text()
    assert f"<h2>Controls: what is scored without the action</h2><p>{verdict}</p>" in page
    if not verdict.startswith("the model beats"):
        assert f"warning: {verdict}" in out
        assert f"<li>{verdict}</li>" in page
        assert verdict in pd.read_csv(run / "metrics" / "summary.csv")["warnings"][0]
    tables = [(run / "metrics" / name).read_bytes() for name in ("controls.csv", "summary.csv")]
    old = table.drop(columns=["recall_lower", "warnings"])  # as an earlier version's controls may be
    old.to_csv(run / "metrics" / "controls.csv", index=False)
    code, _, errors = darkhar("evaluate", run)
    assert code == 0, errors
    assert [(run / "metrics" / name).read_bytes() for name in ("controls.csv", "summary.csv")] == tables
    code, out, errors = darkhar(*words, "controls=true")
    assert code == 0
    assert "control background" not in errors, "done once"


@pytest.mark.parametrize("name", controls.NAMES)
def test_a_control_is_what_its_experiment_says(name):
    beside = request.read_request("train", ["seed=7", "sampler.frames=5", "cv=stratified"], False, None).jobs[0].config
    made = controls.control(name, beside)
    words = [f"experiment={name}", "seed=7", "cv=stratified"]
    words += ["sampler.frames=5"] if name == "control_shuffled" else []
    expected = request.read_request("train", words, False, None).jobs[0].config
    for key in ("dataset", "sampler", "enhance", "extractor", "classifier", "cv", "train", "runtime", "seed"):
        assert made[key] == expected[key], key
