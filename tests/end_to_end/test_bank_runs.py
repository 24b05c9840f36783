"""Whole runs from the bank: a second job computes nothing, damage changes no table, runtimes are told."""

import json
import re

import keras
import pytest

from darkhar_cli.features.stored_caches import stored
from tests.conftest import only

HEAD = ("train.epochs=2", "classifier.units=8", "classifier.dense=[8]", "sampler.frames=3", "classifier=lstm")


@pytest.fixture
def frozen(tmp_path, own_clips):
    """A request with a frozen extractor whose weights do not follow the seed."""
    weights = tmp_path / "mobilenet.weights.h5"
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")
    network.save_weights(weights)
    extractor = ["extractor=mobilenet", "extractor.alpha=0.25", "extractor.size=32", f"extractor.weights={weights}"]
    return ["train", *own_clips, *extractor, f"cache_dir={tmp_path / 'features'}"]


def banks_of(extractor, tmp_path):
    return [one for one in stored(tmp_path / "features") if one.about["extractor"] == extractor]


def facts(folder):
    return json.loads((folder / "run.json").read_text())["features"]


def streams(folder):
    return json.loads((folder / "run.json").read_text())["streams"]


def caches(folder):
    return [stream["caches"] for stream in streams(folder)]


def tables(folder):
    kept = ("predictions.csv", "metrics/folds.csv", "metrics/summary.csv", "metrics/history.csv")
    return {name: (folder / name).read_bytes() for name in kept}


def run(darkhar, tmp_path, name, *words):
    folder = tmp_path / name
    code, _, errors = darkhar(*words, f"hydra.run.dir={folder}")
    assert code == 0, errors
    return folder


def test_a_job_that_differs_in_head_folds_or_seed_computes_nothing(darkhar, frozen, tmp_path):
    first = run(darkhar, tmp_path, "first", *frozen, *HEAD)
    assert facts(first)["computed"] > 0
    assert facts(first)["reused"] == 0
    assert "computed in" in (first / "log.txt").read_text()
    for i, words in enumerate((["classifier=mean_pool", *HEAD[:1], HEAD[3]], [*HEAD, "cv.folds=2"], [*HEAD, "seed=1"])):
        other = run(darkhar, tmp_path, f"other{i}", *frozen, *words)
        assert facts(other)["computed"] == 0, words
        assert facts(other)["reused"] == facts(first)["computed"]
    assert len(banks_of("mobilenet", tmp_path)) == 1


def test_random_sampling_computes_only_new_frames(darkhar, frozen, tmp_path):
    first = run(darkhar, tmp_path, "first", *frozen, *HEAD, "sampler=random")
    again = run(darkhar, tmp_path, "again", *frozen, *HEAD, "sampler=random", "seed=1")
    other = run(darkhar, tmp_path, "other", *frozen, *HEAD, "sampler=random", "seed=1", f"cache_dir={tmp_path / 'new'}")
    assert 0 < facts(again)["computed"] < facts(other)["computed"]
    assert facts(again)["computed"] + facts(again)["reused"] == facts(other)["computed"]
    assert tables(again) == tables(other), "found or computed, the same tables"
    assert caches(first) == caches(other)


def test_damaged_entries_are_computed_again_and_change_no_table(darkhar, frozen, tmp_path):
    first = run(darkhar, tmp_path, "first", *frozen, *HEAD)
    (bank,) = banks_of("mobilenet", tmp_path)
    entries = sorted(bank.folder.glob("*.npz"))
    before = {path: path.read_bytes() for path in entries}
    flipped, truncated, lost = entries[:3]
    data = before[flipped]
    flipped.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    truncated.write_bytes(before[truncated][:150])
    lost.rename(lost.with_suffix(".part"))
    again = run(darkhar, tmp_path, "again", *frozen, *HEAD)
    assert tables(again) == tables(first)
    log = (again / "log.txt").read_text()
    assert f"bank entry {flipped.name} is damaged" in log
    assert f"bank entry {truncated.name} is damaged" in log
    assert f"bank entry {lost.stem} was left half-written" in log
    assert facts(again)["computed"] == 9
    assert {path: path.read_bytes() for path in entries} == before


def test_the_run_says_which_mode_and_runtime_and_why(darkhar, frozen, tmp_path):
    asked = run(darkhar, tmp_path, "asked", *frozen, *HEAD, "runtime=keras")
    log = (asked / "log.txt").read_text()
    assert "mode features: enhancement and mobilenet are frozen" in log
    assert "runtime keras float32: as asked" in log
    assert streams(asked)[0]["runtime"] == "keras"
    rough = run(darkhar, tmp_path, "rough", *frozen, *HEAD, "runtime.precision=bfloat16")
    assert re.search(r"runtime openvino (bfloat16: no GPU|float32: .*no bfloat16)", (rough / "log.txt").read_text())
    whole = run(darkhar, tmp_path, "whole", *frozen, *HEAD, "train.mode=end_to_end")
    assert "mode end_to_end: as asked" in (whole / "log.txt").read_text()
    assert "features" not in json.loads((whole / "run.json").read_text())
    assert {one.about["runtime"] for one in banks_of("mobilenet", tmp_path)} == {"keras", "openvino"}


def test_wrong_runtimes_are_refused(darkhar, frozen):
    code, _, errors = darkhar(*frozen, "runtime=openvno")
    assert code == 2
    assert "unknown runtime 'openvno'; choose from auto, keras, openvino; did you mean 'openvino'" in errors
    code, _, errors = darkhar(*frozen, "runtime.precision=float16")
    assert code == 2
    assert "allowed is float32 | bfloat16" in errors


def test_a_place_that_cannot_be_written_is_an_error_with_the_setting(darkhar, frozen, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, errors = darkhar(*frozen, f"cache_dir={tmp_path / 'file'}")
    assert code == 1
    assert "cannot keep features in" in errors
    assert "cache_dir=DIR" in errors
    assert (only(tmp_path / "outputs" / "train") / "error.txt").is_file()
