"""`darkhar summary`: what it says of an experiment is what its run then is and computes; nothing is written."""

import json

import pytest

from tests.conftest import TINY, write_clips

LUMA = (
    "extractor=luma",
    "extractor.percentile=90",
    "classifier=lstm",
    "classifier.units=4",
    "classifier.dense=[4]",
    "sampler=random",
)
QUICK = ("sampler.frames=3", "cv=stratified", "cv.folds=2", "train.epochs=2")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home of its own with clips in it, so that whatever is written is seen."""
    write_clips(tmp_path / "clips")
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DARKHAR_OFFLINE", "1")
    return tmp_path


def files(place):
    return {path: path.stat().st_mtime_ns for path in place.rglob("*")}


def words_of(place, *words):
    return ["dataset=video_folder", f"dataset.root={place / 'clips'}", *QUICK, *words]


def test_before_anything_is_prepared_nothing_is_made(place, darkhar):
    before = files(place)
    code, out, errors = darkhar("summary", *words_of(place, *TINY, "enhance=gamma", "measure=false"))
    assert (code, errors) == (0, "")
    assert "data: not prepared; 12 clips would be" in out
    assert "mode: end_to_end (conv_small learns)" in out
    assert files(place) == before


def test_what_it_says_is_computed_is_what_training_computes(place, darkhar):
    words = words_of(place, *LUMA)
    assert darkhar("prepare", *words[:2])[0] == 0
    before = files(place)
    code, out, errors = darkhar("summary", *words, "format=json")
    assert code == 0, errors
    assert files(place) == before
    told = json.loads(out)
    assert told["state"] == "not begun"
    assert told["folds"] == "stratified, 2 folds"
    appearance, luma = told["compute"]
    assert (luma["what"], luma["stored"], appearance["stored"]) == ("luma", 0, 0)
    assert told["time"]["ms"] > 0
    assert told["time"]["real"]

    code, _, errors = darkhar("train", *words)
    assert code == 0, errors
    run = place / told["folder"]
    facts = json.loads((run / "run.json").read_text())
    assert facts["features"]["computed"] == luma["frames"]

    after = json.loads(darkhar("summary", *words, "measure=false", "format=json")[1])
    assert after["state"] == "finished"
    assert [one["frames"] - one["stored"] for one in after["compute"]] == [0, 0]
    assert [one["frames"] for one in after["compute"]] == [appearance["frames"], luma["frames"]]
    shown = darkhar("summary", *words, "measure=false")[1]
    assert f"to compute: luma: nothing, all {luma['frames']} frames are stored" in shown


def test_a_run_folder_is_described_with_its_own_parts(place, darkhar):
    words = words_of(place, *TINY)
    code, _, errors = darkhar("train", *words, "hydra.run.dir=run")
    assert code == 0, errors
    before = files(place)
    code, out, errors = darkhar("summary", "run", "measure=false", "format=json")
    assert code == 0, errors
    told = json.loads(out)
    assert (told["state"], told["mode"], told["labels"]["extractor"]) == ("finished", "end_to_end", "conv_small")
    assert told["model"]["parameters"] == told["model"]["trained"] > 0
    shown = darkhar("summary", "run", "measure=false", "layers=all")[1]
    assert "StandardizeFrames" in shown
    assert files(place) == before


def test_weights_that_are_not_here_are_not_downloaded(place, darkhar, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(place / "keras"))
    words = words_of(place, "extractor=mobilenet", "extractor.alpha=0.25", "extractor.size=32", "classifier=mean_pool")
    code, out, errors = darkhar("summary", *words, "measure=false")
    assert code == 0, errors
    assert "MobileNet v1" in errors
    assert "random ones stand for them" in errors
    assert "extractor mobilenet" in out
    code, _, errors = darkhar("summary", *words_of(place, "extractor=pose"), "measure=false")
    assert code != 0
    assert "darkhar fetch movenet" in errors


def test_streams_of_late_fusion_are_told_apart(place, darkhar):
    words = ["experiment=dual_stream", "extractor=luma", "classifier.units=4", "classifier.dense=[4]"]
    code, out, errors = darkhar("summary", *words_of(place, *words), "measure=false")
    assert code == 0, errors
    assert "clip, raw" in out
    assert "fusion: mean log-probability" in out


def test_it_fits_eighty_columns(place, darkhar, monkeypatch):
    monkeypatch.setattr("darkhar_cli.console.out._width", 80)
    words = ["extractor=mobilenet", "extractor.weights=none", "classifier=transformer", "enhance=[denoise,gamma]"]
    code, out, errors = darkhar("summary", *words_of(place, *words), "measure=false")
    assert code == 0, errors
    table = out.split("mode: ")[0]
    assert max(map(len, table.splitlines())) <= 80
    assert "MultiHeadAttention" in table
    assert "not shown" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["layers=some"], "unknown layers 'some'"),
        (["format=xml"], "unknown format 'xml'"),
        (["-m", "enhance=none,gamma"], "summary does not know -m"),
        (["extractor=convnext_smal"], "did you mean 'convnext_small'"),
        (["enhance=none,gamma"], "several values need -m"),
        ([".", "seed=1"], "summary takes one run folder"),
    ],
)
def test_wrong_words_are_refused(place, darkhar, words, said):
    code, _, errors = darkhar("summary", *words)
    assert code == 2
    assert said in errors
