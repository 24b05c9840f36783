"""`darkhar refit` and `final=true`: one model on all training clips, which `predict` takes."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import yaml

import darkhar_cli as dk
from darkhar_cli import cli
from darkhar_cli.data.video import read_frames
from darkhar_cli.runs.identity import identity
from darkhar_cli.training.refit import median_epoch
from tests.conftest import TINY
from tests.helpers.evaluated_runs import P, said, train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    return train(place, *TINY, "classifier.dropout=0", "final=true")


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def facts_of(run):
    return json.loads((run / "run.json").read_text())


def test_a_run_ends_with_its_final_model(run):
    facts = facts_of(run)
    final = facts["final"]
    assert final["clips"] == 18
    assert final["epochs"] == median_epoch(facts["folds"])
    assert final["initial_weights"] == facts["folds"][0]["initial_weights"], "a fresh model"
    assert final["weights"] not in [fold["weights"] for fold in facts["folds"]]
    assert final["expected"].startswith("validation: macro recall")
    card = (run / "models/README.md").read_text()
    assert f"final model: all 18 training clips, {final['epochs']} epochs" in card
    log = (run / "log.txt").read_text()
    assert "final model: 18 training clips, 2 epochs (the median of the folds' best); it has no score of its own" in log
    assert "expect of it what cross-validation found: validation: macro recall" in log
    assert [path.name for path in dk.load_run(run).models] == ["fold_0.keras", "fold_1.keras", "fold_2.keras"]


def test_the_final_model_is_kept_and_made_again_the_same(darkhar, run):
    before = facts_of(run)
    code, _, err = darkhar("refit", run)
    assert code == 0
    assert "already done: " in err
    tables = {path: path.read_bytes() for path in [run / "predictions.csv", *(run / "metrics").iterdir()]}
    code, _, err = darkhar("refit", run, "fresh=true")
    assert code == 0, err
    again = facts_of(run)
    assert again["final"]["weights"] == before["final"]["weights"]
    assert {**again, "final": 0} == {**before, "final": 0}
    assert all(path.read_bytes() == data for path, data in tables.items())


def test_predict_takes_it_where_it_is_there(darkhar, run):
    clip = run.parent / "clip.mp4"
    shutil.copy(next(finished_clips(run).glob("*.mp4")), clip)
    model = keras.saving.load_model(run / "models/final.keras")
    code, out, err = darkhar("predict", run, clip, "format=json")
    assert code == 0, err
    assert "final model; uncertain below" in said(err)
    (entry,) = json.loads(out)
    final = dk.load_run(run).predictor(folds="final").predict(clip)
    every = dk.load_run(run).predictor(folds="all").predict(clip)
    np.testing.assert_allclose(list(entry["probabilities"].values()), final[P].to_numpy()[0], rtol=1e-6)
    assert not np.allclose(final[P], every[P])
    logits = keras.ops.softmax(model(read_frames(clip.read_bytes())[None]))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(logits)[0], final[P].to_numpy()[0], rtol=1e-3, atol=1e-5)


def finished_clips(run):
    root = yaml.safe_load((run / "config.yaml").read_text())["dataset"]["root"]
    return Path(root) / "train" / "right"


def test_evaluate_scores_the_folds_models_alone(darkhar, run):
    assert darkhar("evaluate", run, "split=test")[0] == 0
    (place,) = (run / "evaluations").iterdir()
    assert sorted(pd.read_csv(place / "predictions.csv")["fold"].unique()) == [0, 1, 2]


def test_what_cannot_be_refitted_is_refused(darkhar, run):
    cases = [
        ([], "refit takes one run folder"),
        ([run, "fresh=yes"], "fresh=yes: allowed are true and false"),
        ([run, "frsh=true"], "refit does not know 'frsh=true'; it takes a run folder, fresh=.*"),
        (["nowhere"], "nowhere: no such folder"),
    ]
    for words, problem in cases[1:]:
        code, _, err = darkhar("refit", *words)
        assert code == 2, words
        assert problem.rstrip(".*") in said(err)
    facts = facts_of(run)
    facts["data"]["fingerprint"] = "other"
    (run / "run.json").write_text(json.dumps(facts))
    code, _, err = darkhar("refit", run, "fresh=true")
    assert code == 2
    assert "is not as it was when" in said(err)
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("shuffle_labels: none", "shuffle_labels: clips"))
    code, _, err = darkhar("refit", run, "fresh=true")
    assert code == 2
    assert "is a control (training labels were shuffled)" in said(err)


def test_a_run_without_a_final_model_says_how_to_get_one(run):
    (run / "models/final.keras").unlink()
    with pytest.raises(dk.BadRequest, match="has no final model; `darkhar refit "):
        dk.load_run(run).predictor(folds="final")
    assert dk.load_run(run).predictor().folds == "all"


def test_the_median_of_an_even_number_is_one_that_a_fold_had():
    assert median_epoch([{"best_epoch": n} for n in (3, 10, 4, 9)]) == 4
    assert median_epoch([{"best_epoch": 0}]) == 1


def test_final_is_no_other_experiment(finished):
    code = cli.main(["train", "--cfg", "job", "final=true"])
    assert code == 0
    config = {"dataset": {}, "augment": {}, "streams": None, "name": None, "fresh": False, "final": True}
    config |= {
        "sampler": {},
        "enhance": {},
        "extractor": {"name": "x"},
        "classifier": {},
        "cache_dir": None,
        "cv": {},
        "train": {},
    }
    assert identity(config, "f") == identity({**config, "final": False}, "f")
