"""Whole runs on a backbone from a file: it is tried first, and a second job computes nothing."""

import json

import pytest

from darkhar_cli.features.stored_caches import stored
from tests.helpers.backbones import r2plus1d
from tests.helpers.onnx_files import write_onnx

COLOURS = ("extractor.channels=rgb", "extractor.range=1", "extractor.mean=0.45", "extractor.std=0.225")
HEAD = ("classifier=statistics", "train.epochs=2")


@pytest.fixture
def network(tmp_path):
    return write_onnx(r2plus1d(frames=4, size=(24, 24), width=4), tmp_path / "r2plus1d.onnx")


def run(darkhar, folder, *words):
    code, _, errors = darkhar("train", *words, f"hydra.run.dir={folder}")
    assert code == 0, errors
    return json.loads((folder / "run.json").read_text()), errors


def test_an_onnx_backbone_is_tried_cached_and_a_second_job_computes_nothing(darkhar, own_clips, network, tmp_path):
    backbone = ("extractor=model_file", f"extractor.weights={network}", "extractor.output=last_pooled", *COLOURS)
    cache = f"cache_dir={tmp_path / 'features'}"
    first, told = run(darkhar, tmp_path / "first", *own_clips, *backbone, *HEAD, cache)
    assert first["features"]["computed"] > 0
    assert "r2plus1d.onnx (ONNX in openvino, NCTHW (1, 3, 4, 24, 24), RGB 0..1 less 0.45 by 0.225)" in told
    assert "ms a window" in told
    moved = network.rename(tmp_path / "elsewhere.onnx")  # found by content, not by name
    backbone = (backbone[0], f"extractor.weights={moved}", *backbone[2:])
    second, told = run(darkhar, tmp_path / "second", *own_clips, *backbone, "cv.folds=2", *HEAD, cache)
    assert second["features"]["computed"] == 0
    assert second["features"]["reused"] == first["features"]["computed"]
    assert "ms a window" not in told, "nothing is to be computed, so nothing is tried"
    (bank,) = [one for one in stored(tmp_path / "features") if one.about["extractor"] == "model_file"]
    assert bank.about["unit"] == "clip"
    assert "weights" not in bank.about["parameters"]
    write_onnx(r2plus1d(frames=4, size=(24, 24), width=4, seed=5), moved)
    third, _ = run(darkhar, tmp_path / "third", *own_clips, *backbone, *HEAD, cache)
    assert third["features"]["computed"] == first["features"]["computed"], "another network under the same name"


def test_a_network_that_sees_nothing_stops_the_run_before_it_begins(darkhar, own_clips, tmp_path):
    broken = r2plus1d(frames=4, size=(24, 24), width=4)
    broken.get_layer("logits").set_weights([0 * weight for weight in broken.get_layer("logits").get_weights()])
    path = write_onnx(broken, tmp_path / "broken.onnx")
    code, _, errors = darkhar("train", *own_clips, "extractor=model_file", f"extractor.weights={path}", *COLOURS, *HEAD)
    assert code == 1
    assert "the same features for clips that differ" in errors


def test_a_request_without_what_the_file_does_not_say_is_one_message(darkhar, own_clips, network):
    code, _, errors = darkhar("train", *own_clips, "extractor=model_file", f"extractor.weights={network}", *HEAD)
    assert code == 2
    assert errors.count("error:") == 1
    assert "It does not say, so give: extractor.channels=rgb" in errors
