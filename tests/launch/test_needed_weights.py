"""Weights that cannot be had are named once, before any job begins; finished runs do not ask for them."""

import sys
from types import SimpleNamespace

import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.launch import needed_weights
from darkhar_cli.weights import fetching


@pytest.fixture(autouse=True)
def nothing_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DARKHAR_OFFLINE", "1")
    monkeypatch.setenv("DARKHAR_MODELS", str(tmp_path / "shelf"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.mark.parametrize("extractors", ["convnext_small", "pose,flow", "mobilenet,convnext_tiny"])
def test_a_sweep_without_a_network_names_each_file_once(darkhar, own_clips, tmp_path, extractors):
    before = set(tmp_path.iterdir())
    code, out, err = darkhar("train", "-m", *own_clips, f"extractor={extractors}", "seed=0,1,2,3")
    assert (code, out) == (1, "")
    expected = {"convnext_small": 1, "pose,flow": 1, "mobilenet,convnext_tiny": 2}[extractors]
    assert err.count("cannot download") == err.count("`darkhar fetch ") == expected
    assert "DARKHAR_OFFLINE=1 forbids downloads" in err
    assert set(tmp_path.iterdir()) == before, "no folder, no job"


def test_a_run_without_a_network_is_told_before_its_data_are_prepared(darkhar, tmp_path):
    words = ["train", "extractor=pose", f"dataset.data_dir={tmp_path / 'data'}"]
    code, _, err = darkhar(*words)
    assert code == 1
    assert "cannot download movenet_lightning_int8.tflite" in err
    assert "put it under this name into" in err
    assert not (tmp_path / "data").exists()
    _, _, err = darkhar(*words, "extractor.variant=thunder")
    assert "cannot download movenet_thunder_float16.tflite" in err


def test_finished_runs_do_not_need_weights(tmp_path):
    extractor = {"name": "mobilenet", "weights": "imagenet", "alpha": 0.5}
    streams = {"sampler": {}, "classifier": {}, "enhance": {}, "streams": {}, "extractor": extractor}
    with pytest.raises(FailedWork, match=r"mobilenet_5_0_224_tf_no_top\.h5"):
        needed_weights.of_unfinished([(None, streams)])
    with pytest.raises(FailedWork, match=r"mobilenet_5_0_224_tf_no_top\.h5"):
        needed_weights.of_unfinished([(tmp_path, streams)])
    (tmp_path / "DONE").write_text("")
    needed_weights.of_unfinished([(tmp_path, streams)])
    needed_weights.of_identity([streams])


def test_own_weights_and_parts_without_any_need_nothing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace())
    fetching.ensure_all(
        [{"name": "luma"}, {"name": "pose", "weights": "/a/file"}, {"name": "mobilenet", "weights": "none"}]
    )
