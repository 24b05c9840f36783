"""Folds as plans ask for them: repeats kept apart, the paper's carried model, what is watched."""

import json

import pandas as pd
import pytest

from tests.conftest import TINY, only


@pytest.fixture
def job(darkhar, own_clips, tmp_path):
    """Run a tiny experiment on the own clips; returns its folder."""

    def run(*words):
        code, _, errors = darkhar("train", *own_clips, *TINY, "train.epochs=2", *words)
        assert code == 0, errors
        return only(tmp_path / "outputs" / "train")

    return run


def test_repeats_keep_their_models_and_predictions_apart(job):
    run = job("cv=repeated", "cv.folds=2", "cv.repeats=3")
    folds = pd.read_csv(run / "metrics/folds.csv")
    kept = folds[folds["split"] == "validation"][["repeat", "fold"]].astype(str).agg("_".join, axis=1).tolist()
    assert len(kept) == len(set(kept)) >= 4
    names = {path.stem for path in (run / "models").iterdir()}
    assert {"fold_0", "fold_1", "repeat_1_fold_0", "repeat_1_fold_1"} <= names
    assert len(names) == len(kept)
    summary = pd.read_csv(run / "metrics/summary.csv").iloc[0]
    assert summary["n"] == 18, "a clip counts once however often it is scored"
    log = (run / "log.txt").read_text()
    assert "repeat 1 fold 0: " in log


def test_the_papers_way_carries_one_model_watches_the_scored_clips_and_says_so(job):
    run = job("cv=paper", "train.early_stopping=true")
    facts = json.loads((run / "run.json").read_text())
    hashes = [fold["initial_weights"] for fold in facts["folds"]]
    assert len(set(hashes)) == len(hashes) > 2, "no fold but the first starts fresh"
    carried, watched = facts["caveats"][:2]
    assert carried == {"kind": "carried model", "text": "one model is carried from fold to fold", "split": ""}
    assert watched["kind"] == "scored clips watched"
    assert "early stopping looks at the scored clips" in (run / "report.html").read_text()
    scored = pd.read_csv(run / "assignment.csv").query("split == 'validation'").groupby("fold").size()
    assert [fold["inner"] for fold in facts["folds"]] == scored.tolist()


def test_any_other_way_starts_each_fold_from_the_same_weights(job):
    run = job("cv=leave_one_group_out")
    facts = json.loads((run / "run.json").read_text())
    assert len({fold["initial_weights"] for fold in facts["folds"]}) == 1
    assert len({fold["training_ids"] for fold in facts["folds"]}) == len(facts["folds"])
    said = {caveat["kind"]: caveat for caveat in facts["caveats"]}
    assert said["scheme"]["split"] == "validation"
    assert "rarer in training" in said["scheme"]["text"]
    few = {"split": "test", "text": "test: only 3 groups, too few for an interval"}
    assert said["too few groups"] == {"kind": "too few groups", **few}
    leaks = [caveat for caveat in facts["caveats"] if (caveat["kind"], caveat["split"]) == ("leak", "test")]
    assert "3 of 3 scored clips share their recording" in leaks[0]["text"], "the folder's test clips are of group 0"
    summary = pd.read_csv(run / "metrics/summary.csv").set_index(["split", "of"])
    # 9 groups of 2 clips, 3 of each class: 4 of the 16 training clips are of the scored class
    assert summary.loc[("validation", "folds"), "chance"] == 0.25
    assert summary.loc[("test", "folds"), "chance"] == pytest.approx(1 / 3)
    warned = summary["warnings"]
    assert said["scheme"]["text"] in warned["validation", "folds"]
    assert few["text"] not in warned["validation", "folds"]
    assert few["text"] in warned["test", "folds"]
    assert warned["test", "folds"] == warned["test", "ensemble"]


def test_a_killed_paper_run_starts_over(job, darkhar, own_clips):
    run = job("cv=paper")
    tables = {name: (run / name).read_bytes() for name in ("predictions.csv", "metrics/folds.csv")}
    (run / "DONE").unlink()
    assert job("cv=paper") == run
    assert {name: (run / name).read_bytes() for name in tables} == tables


@pytest.mark.parametrize(("how", "said"), [("clips", "training labels"), ("groups", "labels are shuffled among whole")])
def test_shuffled_labels_are_told(job, how, said):
    run = job(f"train.shuffle_labels={how}")
    caveat = json.loads((run / "run.json").read_text())["caveats"][0]
    assert caveat["kind"] == "shuffled labels"
    assert caveat["text"].startswith(said)
