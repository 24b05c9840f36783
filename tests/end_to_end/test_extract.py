"""`darkhar extract`: shards fill what `train` needs, once; a run that finds it gives the same tables."""

import json
from pathlib import Path

import pytest

from tests.conftest import only

JOB = [
    "extractor=luma",
    "extractor.percentile=90",
    "classifier=mean_pool",
    "sampler=random",
    "sampler.frames=3",
    "train.epochs=2",
    "cv.folds=2",
]


@pytest.fixture
def words(own_clips, tmp_path):
    return [*own_clips, *JOB, "cv=stratified_group", f"cache_dir={tmp_path}/features"]


def facts_of(folder):
    return json.loads((folder / "run.json").read_text())["features"]


def test_a_run_finds_what_its_shards_have_computed(darkhar, words, tmp_path):
    code, out, err = darkhar("extract", *words, "shard=1/2")
    assert code == 0, err
    assert "shard 1/2: 10 clips; 0 frames known, " in out
    code, out, err = darkhar("extract", "-m", *words, "shard=0/2,1/2")
    assert code == 0, err
    first, second = out.splitlines()
    assert first.startswith("shard 0/2: 11 clips; 0 frames known, ")
    assert second.startswith("shard 1/2: 10 clips; ")
    assert ", 0 computed; " in second
    assert not (tmp_path / "outputs").exists()
    assert darkhar("train", *words)[0] == 0
    with_shards = only(Path("outputs/train"))
    assert facts_of(with_shards)["computed"] == 0
    assert facts_of(with_shards)["reused"] > 0
    assert darkhar("train", *words[:-1], f"cache_dir={tmp_path}/empty", "fresh=true")[0] == 0
    (without,) = set(Path("outputs/train").iterdir()) - {with_shards}
    assert facts_of(without)["computed"] == facts_of(with_shards)["reused"]
    for name in ("predictions.csv", "metrics/folds.csv"):
        assert (without / name).read_bytes() == (with_shards / name).read_bytes()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["shard=2/2"], "shard=2/2: allowed is K/N with K from 0 to N - 1"),
        (["shard=0/2,1/2"], "shard=0/2,1/2: several need -m"),
        (["extractor=lumma"], "did you mean 'luma'"),
        (["train.epochs=0"], "train.epochs=0"),
    ],
)
def test_a_wrong_word_is_refused(darkhar, words, more, message):
    code, _, err = darkhar("extract", *words, *more)
    assert code == 2
    assert message in err


def test_what_learns_from_frames_has_nothing_to_extract(darkhar, own_clips):
    code, _, err = darkhar("extract", *own_clips, "extractor=conv_small", "classifier=lstm")
    assert code == 2
    assert "nothing to extract: training is end to end (conv_small learns)" in err
