"""The run folder: files are whole or not there, and a folder belongs to one experiment."""

import pandas as pd
import pytest

from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.files.tables import write_aside, write_text
from darkhar_cli.runs.run_folder import Run


def test_a_file_is_whole_or_not_there(tmp_path):
    def fail(path):
        path.write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_aside(tmp_path / "table.csv", fail)
    assert list(tmp_path.iterdir()) == []
    write_text(tmp_path / "sub" / "note.txt", "whole")
    with pytest.raises(RuntimeError):
        write_aside(tmp_path / "sub" / "note.txt", fail)
    assert (tmp_path / "sub" / "note.txt").read_text() == "whole"


def test_a_folder_belongs_to_one_experiment(tmp_path):
    run = Run(tmp_path / "run")
    run.claim("one")
    run.fail("it broke")
    assert (run.folder / "error.txt").read_text() == "it broke\n"
    Run(tmp_path / "run").claim("one")
    assert not (run.folder / "error.txt").exists(), "a new try takes the old error away"
    with pytest.raises(BadRequest, match="holds another experiment"):
        Run(tmp_path / "run").claim("two")


def test_an_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedWork, match="cannot write to"):
        Run(tmp_path / "file" / "run").claim("one")


def test_a_fold_counts_as_finished_when_all_of_it_is_there(tmp_path):
    run = Run(tmp_path)
    table = pd.DataFrame({"id": ["x"], "p_a": [0.25]})
    run.save_fold(0, 1, table, table, {"epochs": 3})
    assert not run.has_fold(0, 1), "its model is missing"
    write_text(run.model_path(1), "")
    assert run.has_fold(0, 1)
    assert run.fold_facts(0, 1) == {"epochs": 3}
    assert run.collect([(0, 1)], "predictions.csv").to_dict("list") == {"id": ["x"], "p_a": [0.25]}
    run.finish()
    assert run.done
    assert not (tmp_path / ".folds").exists()
