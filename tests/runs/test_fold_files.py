"""Files of finished folds: whatever becomes of them is known, and such a fold is trained again."""

import pandas as pd
import pytest

from darkhar_cli.errors import FailedWork
from darkhar_cli.runs.run_folder import Run

PREDICTIONS = pd.DataFrame({"id": ["x", "y"], "p_a": [0.25, 0.5]})
HISTORY = pd.DataFrame({"epoch": [1, 2, 3], "loss": [0.5, 0.25, 0.125]})


@pytest.fixture
def run(tmp_path):
    """A run with two finished folds."""
    made = Run(tmp_path / "run")
    for fold in (0, 1):
        path = made.model_path(fold)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"weights %d" % fold)
        made.save_fold(0, fold, PREDICTIONS, HISTORY, {"epochs": 3, "fold": fold})
    return made


def change(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new))


def cut(path):
    path.write_bytes(path.read_bytes()[:-4])


DAMAGE = {
    "zeros": (lambda f: (f / "predictions.csv").write_bytes(b"\0" * 30), "predictions.csv is not as .*"),
    "a row less": (lambda f: change(f / "predictions.csv", b"y,0.5\n", b""), r"predictions.csv .* \(1 rows of 2\)"),
    "a digit": (lambda f: change(f / "predictions.csv", b"0.25", b"0.26"), "predictions.csv is not as it was written$"),
    "empty": (lambda f: (f / "history.csv").write_bytes(b""), r"history.csv .* \(no table\)"),
    "gone": (lambda f: (f / "history.csv").unlink(), "history.csv is missing"),
    "cut facts": (lambda f: cut(f / "facts.json"), "facts.json is not whole"),
    "no facts": (lambda f: (f / "facts.json").write_text(""), "facts.json is not whole"),
    "other facts": (lambda f: change(f / "facts.json", b'"epochs": 3', b'"epochs": 4'), "facts.json is not as it was"),
    "a list": (lambda f: (f / "facts.json").write_text("[1]"), "facts.json is not whole"),
    "an earlier version's": (lambda f: (f / "facts.json").write_text('{"epochs": 3}'), "facts.json is not whole"),
    "the model": (lambda f: change(f.parent.parent / "models/fold_1.keras", b"w", b"v"), "fold_1.keras is not as it"),
    "no model": (lambda f: (f.parent.parent / "models/fold_1.keras").unlink(), "fold_1.keras is missing"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_fold_is_named_and_counts_as_not_finished(run, how):
    damage, said = DAMAGE[how]
    damage(run.folder / ".folds" / "0_1")
    ((name, reason),) = run.drop_damaged_folds([(0, 0), (0, 1), (0, 2)])
    assert name == (0, 1)
    assert pd.Series([reason]).str.contains(said).all(), reason
    assert run.has_fold(0, 0)
    assert not run.has_fold(0, 1)
    assert run.drop_damaged_folds([(0, 0), (0, 1)]) == [], "told once"
    assert run.fold_facts(0, 0) == {"epochs": 3, "fold": 0}


def test_damage_while_the_run_goes_on_ends_it_and_the_next_one_mends_it(run):
    assert run.collect([(0, 0), (0, 1)], "history.csv")["epoch"].tolist() == [1, 2, 3, 1, 2, 3]
    change(run.folder / ".folds/0_1/history.csv", b"0.125", b"0.126")
    said = r"\.folds/0_1: history.csv is not as it was written; give the command again: it trains that fold anew"
    with pytest.raises(FailedWork, match=said):
        run.collect([(0, 0), (0, 1)], "history.csv")
    (run.folder / ".folds/0_0/facts.json").unlink()
    with pytest.raises(FailedWork, match=r"\.folds/0_0: facts.json is missing"):
        run.fold_facts(0, 0)


def test_no_byte_of_a_folds_facts_can_change_unseen(run):
    path = run.folder / ".folds" / "0_1" / "facts.json"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert len(run.drop_damaged_folds([(0, 1)])) == 1, at
