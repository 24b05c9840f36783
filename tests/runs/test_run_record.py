"""run.json typed: what is read is written back to the byte, an older file and a later one's keys included."""

import json

import pytest

from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.errors import BadRequest
from darkhar_cli.evaluation.stored_run import Evaluation
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_record import DataRecord, FoldRecord, RunRecord
from darkhar_cli.runs.stream_facts import StreamFacts

FACTS = {
    "identity": "37536e01b23d",
    "overrides": ["experiment=smoke", "seed=3"],
    "labels": {"dataset": "dark_synth", "seed": 3},
    "seed": 3,
    "data": {
        "name": "dark_synth",
        "fingerprint": "65",
        "skipped": 1,
        "damaged": 0,
        "synthetic": True,
        "classes": ["a"],
    },
    "caveats": [{"kind": "leak", "text": "a leak", "split": "test"}],
    "mode": "features",
    "streams": [
        {"extractor": "luma", "backend": "host", "weights_hash": "", "runtime": "", "precision": "", "caches": ["x"]}
    ],
    "features": {"computed": 3, "reused": 0},
    "folds": [{"repeat": 0, "fold": 1, "epochs": 2, "training_ids": "1a", "training_twins": None, "weights": "ec"}],
    "code": {"names.py": "b2"},
    "git": None,
    "device": ["a GPU", "another"],
    "seconds": 1.25,
}
OLDER = {
    "extractor": {"name": "pose|mobilenet", "backend": "host|keras"},
    "features": {"runtime": "litert|openvino", "computed": 3},
    "folds": [{"repeat": 0, "fold": 0}],
    "data": {"name": "x"},
}
LATER = {"identity": "1", "temperature": {"of": [1, 2]}, "data": {"name": "x", "colour": "grey"}}


def text(facts):
    return json.dumps(facts, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("facts", [FACTS, OLDER, LATER, {}])
def test_what_is_read_is_written_back(tmp_path, facts):
    (tmp_path / "run.json").write_text(text(facts))
    run = Run(tmp_path)
    assert json.loads(json.dumps(run.record().stored())) == facts
    run.add_facts()
    assert (tmp_path / "run.json").read_text() == text(facts)
    run.add_facts(verdict="good")
    assert (tmp_path / "run.json").read_text() == text(facts | {"verdict": "good"})


def test_it_is_typed():
    record = RunRecord.read(FACTS)
    assert record.data == DataRecord.read(FACTS["data"])
    assert (record.data.classes, record.data.skipped) == (("a",), 1)
    assert record.caveats == (Caveat(Kind.LEAK, "a leak", "test"),)
    assert record.streams == (StreamFacts("luma", "host", "", caches=("x",)),)
    assert record.folds[0].training_ids == "1a"
    assert record.folds[0].initial_weights == "", "not kept"
    assert record.device == ("a GPU", "another")
    kinds = [caveat.kind for caveat in record.warnings()]
    assert kinds == [Kind.SKIPPED, Kind.SYNTHETIC, Kind.LEAK]


def test_one_that_is_made_here_has_all_its_fields():
    assert FoldRecord(epochs=3).stored() == {
        **dict.fromkeys(("repeat", "fold", "best_epoch", "fitted", "inner"), 0),
        **dict.fromkeys(("initial_weights", "weights", "code"), ""),
        "epochs": 3,
        "seconds": 0.0,
        "training_ids": None,
        "training_twins": None,
    }


def test_keys_of_a_later_version_are_kept_beside():
    record = RunRecord.read(LATER)
    assert record.other == {"temperature": {"of": [1, 2]}}
    assert record.data.other == {"colour": "grey"}


@pytest.mark.parametrize("facts", [{"data": 3}, {"folds": 3}, {"caveats": [{"kind": "leak"}]}, {"streams": [{}]}])
def test_what_nobody_wrote_is_refused_by_name(tmp_path, facts):
    (tmp_path / "run.json").write_text(text(facts))
    with pytest.raises(BadRequest, match=r"run\.json was not written by this program"):
        Run(tmp_path).record()


def test_an_evaluation_says_what_was_trained_on(tmp_path):
    made = Evaluation(tmp_path)
    made.add_facts(clips=10, trained_on={"clips": 4, "folds": []}, words=["split=all"])
    assert made.caveats() == ["4 of 10 clips were trained on"]
    assert (made.record().words, made.record().run) == (("split=all",), None)
    assert json.loads((tmp_path / "evaluation.json").read_text())["clips"] == 10
