"""`darkhar evaluate` of runs from the feature bank, which save heads alone."""

import json
import shutil

import keras
import pandas as pd
import pytest

from tests.conftest import only
from tests.helpers.evaluated_runs import bytes_of, same_as_in_the_run, train


@pytest.fixture(scope="module")
def finished_head(tmp_path_factory):
    """A run from the feature bank: heads alone are saved."""
    place = tmp_path_factory.mktemp("head")
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg")
    network.save_weights(place / "mobilenet.weights.h5")
    parts = ["extractor=mobilenet", "extractor.alpha=0.25", "extractor.size=32", "classifier=linear"]
    parts += [f"extractor.weights={place / 'mobilenet.weights.h5'}", f"cache_dir={place / 'features'}"]
    return train(place, *parts, "sampler.frames=3", "cv=repeated", "cv.folds=2", "cv.repeats=2")


@pytest.fixture
def head(finished_head, tmp_path):
    return shutil.copytree(finished_head, tmp_path / "head")


def test_a_run_from_the_bank_scores_through_its_own_extractor(darkhar, head):
    facts = json.loads((head / "run.json").read_text())
    assert facts["mode"] == "features"
    code, _, err = darkhar("evaluate", head, "split=all")
    assert code == 0, err
    folder = only(head / "evaluations")
    same_as_in_the_run(folder, head)
    assert len(pd.read_csv(folder / "predictions.csv")) == 21 * 2 * 2, "two repeats of two folds"
    assert json.loads((folder / "evaluation.json").read_text())["trained_on"]["clips"] == 18
    kept = json.loads((folder / "evaluation.json").read_text())
    assert kept["streams"] == facts["streams"]


def test_tables_of_repeats_come_again(darkhar, head):
    before = bytes_of(head)
    assert darkhar("evaluate", head)[0] == 0
    assert bytes_of(head) == before


def test_heads_of_another_extractor_are_refused(darkhar, head):
    facts = json.loads((head / "run.json").read_text())
    facts["streams"][0]["weights_hash"] = "0123"
    (head / "run.json").write_text(json.dumps(facts))
    code, _, err = darkhar("evaluate", head, "split=test")
    assert code == 2
    assert "extractor 'mobilenet' has other weights" in err
    assert not (head / "evaluations").exists()


def test_lost_weights_of_a_frozen_extractor_are_named(darkhar, head):
    text = (head / "config.yaml").read_text()
    (head / "config.yaml").write_text(text.replace("mobilenet.weights.h5", "lost.weights.h5"))
    code, _, err = darkhar("evaluate", head, "split=test")
    assert code == 2
    assert "lost.weights.h5" in err
