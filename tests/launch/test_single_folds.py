"""Folds as jobs of their own (`cv.only=K`): one run, whoever trained which fold."""

import json

import pandas as pd
import pytest

from darkhar_cli.config import request
from darkhar_cli.evaluation import sweep_table
from darkhar_cli.runs import fold_parts
from darkhar_cli.runs.identity import identity
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Fold, Plan
from tests.helpers.run_tables import bytes_of

SOLVED = ["extractor=luma", "classifier=statistics", "sampler.frames=3", "cv.folds=3"]


class Model:
    """Stands for a Keras model."""

    def save(self, place):
        place.write_text("weights")


def keep(run, index):
    """Let a run have a fold."""
    run.save_model(index, Model())
    run.save_fold(0, index, pd.DataFrame({"fold": [index]}), pd.DataFrame({"fold": [index]}), {"fold": index})


def plan(folds=3):
    return Plan("stratified", [Fold(index, [], []) for index in range(folds)], {})


def test_parts_become_folds_of_the_run(tmp_path):
    run = Run(tmp_path / "run")
    run.add_facts(identity="x")
    for number, computed in ((0, 5), (2, 7)):
        part = fold_parts.part(run, number)
        part.add_facts(mode="features", mode_reason="frozen", features={"computed": computed, "reused": 1})
        keep(part, number)
    assert fold_parts.missing(run, plan()) == [1]
    fold_parts.join(run, plan())
    assert [run.has_fold(0, index) for index in range(3)] == [True, False, True]
    assert run.record().features == {"computed": 12, "reused": 2}
    assert run.record().mode == "features"
    before = json.loads((run.folder / "run.json").read_text())
    fold_parts.join(run, plan())
    assert json.loads((run.folder / "run.json").read_text()) == before, "nothing is counted twice"
    fold_parts.remove(run)
    assert fold_parts.parts(run) == []


def test_a_failed_fold_is_a_failed_row_with_its_reason(tmp_path):
    sweep = tmp_path / "sweep"
    part = fold_parts.part(Run(sweep / "gamma"), 1)
    part.claim("x")
    part.fail("out of memory\nat line 3")
    table = sweep_table.sweep_table(sweep, {sweep / "gamma": {"enhance": "gamma"}}, ["enhance"])
    assert table.loc[0, ["status", "error"]].tolist() == ["failed", "fold 1: out of memory"]


def test_the_fold_is_no_part_of_a_runs_identity():
    config = request.read_job("train", ["extractor=luma"], ()).config
    assert config["cv"]["only"] is None
    alone = {**config, "cv": {**config["cv"], "only": 2}}
    before = {**config, "cv": {key: value for key, value in config["cv"].items() if key != "only"}}
    assert identity(config, "x") == identity(alone, "x") == identity(before, "x")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cv.only=3"], "cv.only=3: cv=auto has 3 folds here; give 0 to 2"),
        (["cv.only=-1"], "cv.only=-1: allowed is null | a whole number of at least 0"),
        (["cv=paper", "cv.only=0"], "carries one model from fold to fold"),
    ],
)
def test_a_fold_that_cannot_be_trained_alone_is_refused(darkhar, own_clips, words, said):
    base = [word for word in SOLVED if not word.startswith("cv.") or "cv=paper" not in words]
    code, _, err = darkhar("train", *own_clips, *base, *words)
    assert code == 2
    assert said.replace("cv=auto", "cv=stratified_group") in err or said in err


def test_single_folds_join_to_the_bytes_of_the_whole_run(darkhar, own_clips, tmp_path):
    assert darkhar("train", *own_clips, *SOLVED, "hydra.run.dir=whole")[0] == 0
    code, _, err = darkhar("train", *own_clips, *SOLVED, "hydra.run.dir=parts", "cv.only=1")
    assert code == 0, err
    assert "left to do: cv.only=0, cv.only=2, or the command without cv.only" in err
    assert not (tmp_path / "parts" / "DONE").exists()
    code, _, err = darkhar("train", "-m", *own_clips, *SOLVED, "hydra.sweep.dir=sweep", "cv.only=0,1,2", "seed=0,1")
    assert code == 0, err
    table = pd.read_csv(tmp_path / "sweep" / "sweep.csv")
    assert table[["seed", "status", "folder"]].values.tolist() == [[0, "done", "seed=0"], [1, "done", "seed=1"]]
    assert "cv.only" not in table
    assert bytes_of(tmp_path / "sweep" / "seed=0") == bytes_of(tmp_path / "whole")
    assert darkhar("train", *own_clips, *SOLVED, "hydra.run.dir=parts")[0] == 0, "the command without cv.only"
    assert bytes_of(tmp_path / "parts") == bytes_of(tmp_path / "whole")
    assert not list((tmp_path / "parts").glob(".*"))
