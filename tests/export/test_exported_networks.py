"""Exports of runs with real pretrained weights: every format of one, a bundle of the other."""

import importlib.util
import json
import os
import shutil
from pathlib import Path

import pytest

from darkhar_cli import cli
from darkhar_cli.data.loose_clips import clip_of_bytes
from darkhar_cli.export.exporting import Wanted, export
from darkhar_cli.export.reference import Pipeline
from darkhar_cli.runs.run_folder import Run
from tests.helpers.evaluated_runs import said

MODELS = os.environ.get("DARKHAR_TEST_MODELS", "")
pytestmark = pytest.mark.skipif(not MODELS, reason="DARKHAR_TEST_MODELS names no folder of weights")
TINY = ("dataset=dark_synth", "dataset.config=tiny", "cv=auto", "cv.folds=2", "train.epochs=2")


def trained(place, monkeypatch, *words):
    """Train on few synthetic clips and return the finished run."""
    monkeypatch.setenv("DARKHAR_MODELS", MODELS)
    assert cli.main(["train", *words, *TINY, f"hydra.run.dir={place / 'run'}"]) == 0
    return Run(place / "run")


def told_of(run, name, capsys, **more):
    """Export a run and return the folder and what was told."""
    place = export(run, Wanted(name, clips=2, **more))
    told = said(capsys.readouterr().err)
    assert "largest difference from the run's predictions" in told
    return place, told


def test_mobilenet_and_lstm_in_every_format(tmp_path, monkeypatch, capsys):
    words = ["sampler.frames=2", "extractor=mobilenet", "extractor.alpha=0.25", "classifier=lstm"]
    run = trained(tmp_path, monkeypatch, *words)
    for name in (
        "keras",
        "savedmodel",
        "openvino",
        "litert",
        *(["onnx"] if importlib.util.find_spec("tf2onnx") else []),
    ):
        place, _ = told_of(run, name, capsys)
        card = (place / "README.md").read_text()
        assert "MobileNet v1, width 0.25, Apache-2.0" in card
        assert json.loads((place / "pipeline.json").read_text())["takes"] != "features", "from frames to probabilities"
    _, told = told_of(run, "litert", capsys, int8=True)
    assert "validation clips right" in told


def test_pose_flow_late_fusion_is_a_bundle(tmp_path, monkeypatch, capsys):
    run = trained(tmp_path, monkeypatch, "experiment=pose_flow_late_fusion")
    place, told = told_of(run, "savedmodel", capsys)
    assert "a bundle of features and a model on them: extractor 'pose_flow' runs on the host" in told
    about = json.loads((place / "pipeline.json").read_text())
    assert [len(about[key]) for key in ("streams", "branches", "inputs")] == [2, 5, 10], "equal streams are one"
    weights = {entry["files"]["weights"] for entry in about["streams"]}
    assert {path.name for path in (place / "weights").iterdir()} == {Path(one).name for one in weights}
    moved = shutil.move(place, tmp_path / "elsewhere")
    monkeypatch.delenv("DARKHAR_MODELS")  # the bundle has them
    pipeline = Pipeline(Path(moved))
    assert len({id(stream.seen) for stream in pipeline.streams}) == 1, "keypoints are found once a clip"
    file = next(Path(run_clips(run)).rglob("*.mp4"))
    assert pipeline.probabilities(clip_of_bytes(file.name, file.read_bytes())).sum() == pytest.approx(1, abs=1e-5)


def run_clips(run):
    """Return a folder with a video that is not the run's."""
    from tests.conftest import write_clips

    place = run.folder.parent / "videos"
    write_clips(place, takes=1)
    return place
