"""What a run's numbers depend on: weights by content, switches, and the code that made each fold."""

import json
import shutil
from types import SimpleNamespace

import pytest

from darkhar_cli.config import request
from darkhar_cli.errors import BadRequest
from darkhar_cli.runs import identity
from darkhar_cli.runs.identity import changes, code_of, content_of, mark_of, refuse_other_code
from darkhar_cli.runs.run_record import RunRecord
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.training import cross_validation
from tests.conftest import TINY, only

LSTM = "classifiers/lstm.py"


def config_of(*words):
    return request.read_request("train", list(words), False, None).jobs[0].config


def mark(*words):
    return identity.identity(config_of(*words), "data")


def test_another_saved_model_under_the_same_name_is_another_experiment(tmp_path):
    (tmp_path / "model" / "variables").mkdir(parents=True)
    (tmp_path / "model" / "saved_model.pb").write_bytes(b"graph")
    numbers = tmp_path / "model" / "variables" / "variables.data-00000-of-00001"
    numbers.write_bytes(b"one")
    words = ["extractor=movenet", f"extractor.weights={tmp_path / 'model'}"]
    first, content = mark(*words), content_of(tmp_path / "model")
    shutil.copytree(tmp_path / "model", tmp_path / "copy")
    assert content_of(tmp_path / "copy") == content, "the time of a copy is no other experiment"
    numbers.write_bytes(b"two, of other numbers")
    assert mark(*words) != first
    numbers.write_bytes(b"one")
    assert mark(*words) == first
    numbers.rename(numbers.with_name("other"))
    assert mark(*words) != first


def test_switches_of_the_environment_are_part_of_it(monkeypatch):
    plain = mark()
    for name, value in (("TF_ENABLE_ONEDNN_OPTS", "0"), ("TF_XLA_FLAGS", "--tf_xla_auto_jit=2"), ("XLA_FLAGS", "--x")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert mark() != plain, name
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert mark() == plain, "what is so anyway changes nothing"


def test_code_is_of_the_parts_in_use_and_all_that_they_import():
    code = code_of(config_of("enhance=[gamma,histeq]", "extractor=conv_small", "classifier=linear"))
    files = {name for name in code if name.endswith(".py")}
    wanted = {"classifiers/linear.py", "classifiers/blocks/normalisation.py", "enhance/gamma.py", "enhance/histeq.py"}
    wanted |= {"extractors/conv_small.py", "samplers/uniform.py", "samplers/contract.py"}
    wanted |= {"training/compiled_model.py", "training/train_step.py", "training/optimizers.py"}
    assert wanted | {"models/resizing.py", "models/layers.py", "augment/none.py"} <= files
    assert {f"data/video/{name}.py" for name in ("pixels", "reading", "decoding")} <= files, (
        "what a package takes in is followed"
    )
    assert "splits/shuffling.py" in files, "it decides labels"
    telling = {"stopping.py", "data/listing.py", "runs/run_folder.py"}
    telling |= {f"files/{name}.py" for name in ("asides", "claims", "disk", "tables")}
    assert not telling & files, "an edit of a message refuses no resume"
    assert not {LSTM, "enhance/clahe.py", "console.py", "metrics/tables.py", "cli.py"} & files
    assert all(code.values())
    assert code["keras"].startswith("3.")
    assert "extractors/motion.py" in code_of(config_of("sampler=motion"))


def test_changes_are_named():
    before = {"a.py": "1", "b.py": "2", "keras": "3.14", "tensorflow": "2.21"}
    now = {"a.py": "9", "c.py": "3", "keras": "3.15", "tensorflow": "2.21"}
    assert changes(before, now) == ["a.py has changed", "b.py is gone", "c.py is new", "keras was 3.14 and is 3.15"]
    assert changes(now, now) == []
    assert mark_of(before) != mark_of(now)


@pytest.fixture
def edit(monkeypatch):
    """Make a source file another one, until it is undone."""
    hashed = identity._hashed

    def changed(*names):
        monkeypatch.setattr(identity, "_hashed", lambda files: hashed(files) | dict.fromkeys(names, "another"))

    return changed


def test_a_run_does_not_go_on_with_other_code(darkhar, own_clips, tmp_path, monkeypatch, edit):
    words = ["train", *own_clips, *TINY, "train.epochs=1", "cv.folds=2"]
    run_fold = cross_validation.run_fold

    def killed(trainer, fold, *rest):
        if fold.index:
            raise RuntimeError("killed")
        run_fold(trainer, fold, *rest)

    monkeypatch.setattr(cross_validation, "run_fold", killed)
    assert darkhar(*words)[0] == 1
    folder = only(tmp_path / "outputs" / "train")
    facts = json.loads((folder / ".folds/0_0/facts.json").read_text())
    assert facts["code"] == mark_of(json.loads((folder / "run.json").read_text())["code"])
    monkeypatch.setattr(cross_validation, "run_fold", run_fold)

    edit(LSTM)
    code, _, err = darkhar(*words)
    assert code == 2
    assert f"{folder} was begun with other code: {LSTM} has changed. Its 1 finished folds" in err
    assert "give fresh=true" in err
    edit()
    code, _, err = darkhar(*words)
    assert code == 0, err
    assert "fold 0: finished before, kept" in err
    assert {fold["code"] for fold in json.loads((folder / "run.json").read_text())["folds"]} == {facts["code"]}

    assert "already done" in (err := darkhar(*words)[2])
    assert "the code" not in err
    edit(LSTM)
    code, _, err = darkhar(*words)
    assert code == 0
    assert f"already done: {folder} (fresh=true runs it again; the code is not what made it: {LSTM} has changed)" in err
    code, _, err = darkhar("evaluate", folder, "split=test")
    assert code == 0, err
    assert f"the code is not what trained {folder} ({LSTM} has changed)" in err


def plan_of(*finished, carried):
    """Return a plan of two folds, and a run whose finished ones were made by other code."""
    folds = [Fold(index, [0], [1]) for index in range(2)]
    run = SimpleNamespace(
        folder="a-run",
        has_fold=lambda repeat, index: index in finished,
        fold_facts=lambda repeat, index: {"code": "another"},
        record=lambda: RunRecord(code={LSTM: "another"}),
    )
    return run, Plan("paper" if carried else "stratified", folds, {}, carried=carried)


def test_folds_that_are_all_trained_again_are_not_refused():
    now = {LSTM: "this"}
    refuse_other_code(*plan_of(0, carried=True), now)
    for run, plan in (plan_of(0, carried=False), plan_of(0, 1, carried=True)):
        with pytest.raises(BadRequest, match=r"begun with other code: classifiers/lstm\.py has changed"):
            refuse_other_code(run, plan, now)
