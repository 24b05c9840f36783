"""`darkhar evaluate`: tables follow predictions.csv; models score other clips as they scored the run's own."""

import json
import re
import shutil
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest

from darkhar_cli.commands import evaluate
from darkhar_cli.evaluation import stored_run
from darkhar_cli.runs.run_folder import Run
from tests.conftest import FOLDS, TINY, only, write_clips
from tests.helpers.evaluated_runs import GROUP, MADE, P, bytes_of, said, same_as_in_the_run, train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of whole models."""
    return train(tmp_path_factory.mktemp("whole"), *TINY, "sampler=random", "enhance=gamma")


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def test_tables_come_again_from_predictions(darkhar, run):
    before = bytes_of(run)
    predictions = (run / "predictions.csv").read_bytes()
    for name in MADE:
        (run / name).unlink()
    code, out, err = darkhar("evaluate", run)
    assert code == 0, err
    assert bytes_of(run) == before
    assert (run / "predictions.csv").read_bytes() == predictions
    for word in ("validation", "ensemble", str(run)):
        assert word in out


def test_tables_follow_edited_predictions(darkhar, run):
    history = (run / "metrics/history.csv").read_bytes()
    table = pd.read_csv(run / "predictions.csv")
    table["predicted"] = table["label"]
    table.sample(frac=1, random_state=0)[table.columns[::-1]].to_csv(run / "predictions.csv", index=False)
    assert darkhar("evaluate", run)[0] == 0
    folds = pd.read_csv(run / "metrics/folds.csv")
    assert list(folds.columns)[: len(FOLDS) - 5] == FOLDS[:-5]
    assert set(folds[folds["fold"] != "ensemble"]["accuracy"]) == {1}
    assert set(folds[folds["fold"] != "ensemble"]["epochs"]) == {2}
    assert (run / "metrics/history.csv").read_bytes() == history


def test_tables_come_again_without_tensorflow(run):
    code = "import sys\nfrom darkhar_cli import cli\nprint(cli.main(sys.argv[1:]), 'tensorflow' in sys.modules)\n"
    answer = subprocess.run(
        [sys.executable, "-c", code, "evaluate", str(run)], capture_output=True, text=True, check=True
    )
    assert answer.stdout.splitlines()[-1] == "0 False"


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda t: t.assign(label="dwn"), "unknown label in .*predictions.csv 'dwn'; .*did you mean 'down'"),
        (lambda t: t.rename(columns={"fold": "folds"}), "lacks the column 'fold'; did you mean 'folds'"),
        (lambda t: t.assign(p_down="high"), r"p_down=high \(line 2\): allowed is 0 to 1"),
        (lambda t: t.assign(fold=-1), "fold=-1 .*allowed is a whole number from 0"),
        (lambda t: pd.concat([t, t]), "appears twice in fold"),
        (lambda t: t.iloc[:0], "holds no predictions"),
        (lambda t: None, "cannot be read"),
    ],
)
def test_predictions_that_make_no_table_change_none(darkhar, run, edit, problem):
    before = bytes_of(run)
    table = edit(pd.read_csv(run / "predictions.csv"))
    (run / "predictions.csv").write_text("" if table is None else table.to_csv(index=False))
    code, _, err = darkhar("evaluate", run)
    assert code == 2
    assert re.search(problem, said(err)), err
    assert bytes_of(run) == before


def test_a_run_scores_a_split_as_it_did(darkhar, run):
    code, out, err = darkhar("evaluate", run, "split=train")
    assert code == 0, err
    assert "18 of 18 clips were trained on" in said(err)
    assert "(12 in each fold)" in said(err)
    folder = only(run / "evaluations")
    assert folder.name.startswith("video_folder-train-")
    same_as_in_the_run(folder, run)
    predictions = pd.read_csv(folder / "predictions.csv")
    assert set(predictions["split"]) == {"test"}
    assert len(predictions) == 18 * 3
    folds = pd.read_csv(folder / "metrics/folds.csv")
    assert folds["fold"].tolist() == ["0", "1", "2", "ensemble"]
    assert set(folds["enhance"]) == {"gamma"}
    for name in ("summary", "per_class", "confusion"):
        assert (folder / f"metrics/{name}.csv").is_file()
    facts = json.loads((folder / "evaluation.json").read_text())
    assert facts["data"]["fingerprint"] == json.loads((run / "run.json").read_text())["data"]["fingerprint"]
    assert facts["words"] == ["split=train"]
    assert [model["fold"] for model in facts["models"]] == [0, 1, 2]
    assert facts["trained_on"]["clips"] == 18
    assert len({model["weights"] for model in facts["models"]}) == 3
    assert facts["versions"]["keras"] == keras.__version__
    for words in ("18 of 18 clips were trained on", str(folder), "ensemble"):
        assert words in " ".join(out.split())

    before = bytes_of(folder, MADE[:5])
    code, again, err = darkhar("evaluate", run, "split=train")
    assert code == 0
    assert "already done" in err
    assert again == out
    assert bytes_of(folder, MADE[:5]) == before


def test_the_held_out_split_is_the_default(darkhar, run):
    code, _, err = darkhar("evaluate", run, "dataset.on_error=stop")
    assert code == 0, err
    assert "trained on" not in err
    folder = only(run / "evaluations")
    assert folder.name.startswith("video_folder-test-")
    now, then = pd.read_csv(folder / "predictions.csv"), pd.read_csv(run / "predictions.csv")
    then = then[then["split"] == "test"].reset_index(drop=True)
    np.testing.assert_allclose(now[P], then[P], rtol=1e-5, atol=1e-7)
    folds, before = (pd.read_csv(place / "metrics/folds.csv") for place in (folder, run))
    assert folds["accuracy"].tolist() == before[before["split"] == "test"]["accuracy"].tolist()


def test_another_data_set_is_scored(darkhar, run, tmp_path):
    root = write_clips(tmp_path / "other ones", takes=7)
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}")
    assert code == 0, err
    assert "18 of 21 clips were trained on" in said(err), "six takes of each class are the run's own, byte for byte"
    folder = only(run / "evaluations")
    assert folder.name.startswith("video_folder-all-")
    assert len(pd.read_csv(folder / "predictions.csv")) == 21 * 3
    shutil.rmtree(root / "down")
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}")
    assert code == 2
    assert "has other classes than" in err
    assert "lacks 'down'" in err
    (root / "stay").rename(root / "down_")
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}")
    assert code == 2
    assert "lacks 'down', 'stay' and has 'down_', which the run does not know; did you mean 'down'?" in said(err)
    assert len(list((run / "evaluations").iterdir())) == 1


def test_a_data_set_that_knows_its_classes_backwards(darkhar, run):
    text = (run / "config.yaml").read_text()

    def knows(backwards):
        (run / "config.yaml").write_text(text.replace("  reverse: null\n", f"  reverse: {backwards}\n"))

    knows('{down: "it\'s up", stay: stay}')
    given = evaluate._dataset(stored_run.settings_of(Run(run))["dataset"], ["dataset.on_error=skip"])
    assert given["reverse"] == {"down": "it's up", "stay": "stay"}
    assert given["on_error"] == "skip"
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 2
    assert 'unknown class in dataset.reverse "it\'s up"' in said(err)
    knows("{down: right, right: null}")
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 0, err


def test_classes_may_come_in_another_order(darkhar, run, tmp_path, monkeypatch):
    from darkhar_cli.data import clip_dataset

    opened = clip_dataset.open_clips

    def reversed_classes(dataset):
        found = opened(dataset)
        found.classes = found.classes[::-1]
        return found

    monkeypatch.setattr(clip_dataset, "open_clips", reversed_classes)
    assert darkhar("evaluate", run, "split=train")[0] == 0
    same_as_in_the_run(only(run / "evaluations"), run)


def test_training_clips_that_are_gone_are_not_guessed(darkhar, run, tmp_path):
    own = (run.parent / "config").with_name("elsewhere")
    text = (run / "config.yaml").read_text()
    root = text.split("root: ")[1].splitlines()[0]
    (run / "config.yaml").write_text(text.replace(root, str(own)))
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}", GROUP, "split=test")
    assert code == 0, err
    assert "not known" not in err, "the clips at hand give the run's own folds"
    other = write_clips(tmp_path / "other", takes=1)
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={other}")
    assert code == 0, err
    assert "whether these were trained on is not known" in said(err)


def test_models_that_are_not_the_runs_are_refused(darkhar, run):
    first, second = run / "models/fold_0.keras", run / "models/fold_1.keras"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 2
    assert "fold_0.keras has other weights than the run saved" in said(err)
    first.write_bytes(kept[:200])
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 2
    assert "fold_0.keras does not hold the model" in said(err)
    first.unlink()
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 2
    assert "models/fold_0.keras missing" in said(err)
    assert not (run / "evaluations").exists()
    assert darkhar("evaluate", run)[0] == 0, "tables need no model"


def test_nothing_that_a_model_file_holds_is_run(darkhar, run, tmp_path):
    path = run / "models/fold_0.keras"
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["config.json"] = json.dumps({"class_name": "Lambda", "config": {"function": "boom"}}).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 0, err


def test_a_model_of_another_shape_is_refused(darkhar, run):
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(text.replace("units: 8", "units: 9"))
    code, _, err = darkhar("evaluate", run, "split=test")
    assert code == 2
    assert "does not hold the model that" in said(err)


def test_wrong_words_are_answered(darkhar, run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "sweep.csv").write_text("")
    (tmp_path / "nested" / "a" / "0").mkdir(parents=True)
    (tmp_path / "nested" / "a" / "0" / "DONE").write_text("")
    (tmp_path / "nested" / "sweep.csv").write_text("seed,folder\n0,a/0\n1,a/1\n")
    started = shutil.copytree(run, tmp_path / "started")
    (started / "DONE").unlink()
    cases = [
        (["nowhere"], "nowhere: no such folder"),
        (["rum"], "rum: no such folder; did you mean 'run'?"),
        (["empty"], "empty is no run folder"),
        (["sweep"], "sweep is a sweep; evaluate takes one of its jobs: none is finished"),
        (["nested"], "nested is a sweep; evaluate takes one of its jobs: a/0$"),
        (["started"], "started is not finished"),
        (["split=test"], "evaluate takes one run folder"),
        (["run", "empty"], "evaluate takes one run folder, not 2"),
        (["run", "split=tst"], "unknown split 'tst'; choose from all, test, train; did you mean 'test'?"),
        (["run", "splt=test"], "evaluate does not know 'splt=test'; .*did you mean 'split'?"),
        (["run", "--split"], "evaluate does not know '--split'; .*did you mean 'split'?"),
        (["run", "sampler=random"], "evaluate does not know 'sampler=random'"),
        (["run", "dataset=vide_folder"], "unknown dataset 'vide_folder'; .*did you mean 'video_folder'?"),
        (["run", "dataset.rot=x"], "has no parameter 'rot'; it takes .*did you mean 'root'?"),
        (["run", "dataset=video_folder"], "dataset.root is needed"),
        (["run", "dataset.root=nowhere"], "dataset.root=.*nowhere: no such folder"),
    ]
    for words, problem in cases:
        code, _, err = darkhar("evaluate", *words)
        assert code == 2, words
        pattern = problem.replace("?", r"\?")
        assert re.search(pattern, said(err)), (words, err)
    assert not (run / "evaluations").exists()


def test_a_split_that_is_not_there(darkhar, run, tmp_path):
    root = write_clips(tmp_path / "flat", takes=1)
    code, _, err = darkhar("evaluate", run, "dataset=video_folder", f"dataset.root={root}", "split=test")
    assert code == 2
    assert "split=test: data set video_folder has no such clips; it has train" in said(err)


def test_help(darkhar):
    for words in ([], ["--help"]):
        code, out, _ = darkhar("evaluate", *words)
        assert code == 0
        assert "darkhar evaluate RUN dataset=NAME" in out
