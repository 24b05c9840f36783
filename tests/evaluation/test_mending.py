"""A finished run whose tables are lost or damaged: made again from its predictions, or named."""

import pytest

from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.evaluation.conclusions import conclude
from darkhar_cli.evaluation.mending import mend
from darkhar_cli.evaluation.outcomes import read_result
from darkhar_cli.runs.run_folder import Run
from tests.helpers.made_runs import LABELS, made_run, predictions

ROW = LABELS | {"seed": 0}


@pytest.fixture
def run(tmp_path):
    """A finished run of 40 clips in 8 groups."""
    right = [i % 3 > 0 for i in range(40)]
    made = made_run(tmp_path / "run", predictions(right, [f"g{i // 5}" for i in range(40)]))
    made.add_facts(folds=[{"repeat": 0, "fold": 0, "epochs": 1}], data={"classes": ["a", "b"]})
    made.save("metrics/history.csv", made.read("metrics/folds.csv"))
    conclude(made)
    made.finish()
    return made


def bytes_of(run):
    return {path.relative_to(run.folder): path.read_bytes() for path in run.folder.rglob("*.csv")}


def test_tables_are_made_again_from_predictions_to_the_byte(run, capsys):
    before = bytes_of(run)
    (run.folder / "metrics/summary.csv").unlink()
    (run.folder / "metrics/confusion.csv").write_bytes(b"\0" * 80)
    (run.folder / "report.html").write_text("")
    assert mend(run, ROW)
    assert bytes_of(run) == before
    assert run.mark.damaged() == {}
    said = capsys.readouterr().err
    assert "metrics/summary.csv (is missing)" in said
    assert "metrics/confusion.csv (is not as it was written)" in said
    assert not (run.folder / "report.html").exists(), "drawn again by whoever asks"
    assert mend(run, ROW)
    assert capsys.readouterr().err == "", "nothing more to say"


def test_without_predictions_it_is_not_finished(run, capsys):
    (run.folder / "predictions.csv").unlink()
    assert not mend(run, ROW)
    assert "predictions.csv is missing: the run is made again" in capsys.readouterr().err
    assert not Run(run.folder).done


def test_changed_predictions_are_named_and_never_written_over(run, capsys):
    path = run.folder / "predictions.csv"
    path.write_text(path.read_text().replace("0.9", "0.8", 1))
    changed = path.read_bytes()
    assert mend(run, ROW)
    assert "predictions.csv is not as it was written, and what is shown was made of" in capsys.readouterr().err
    with pytest.raises(BadRequest, match=r"predictions.csv is not as it was written; .*darkhar evaluate"):
        run.mark.refuse_damaged()
    run.save("assignment.csv", run.read("predictions.csv"))
    assert len(read_result(run.folder).clips) == 40
    assert "predictions.csv is not as it was written: what it holds now is compared" in capsys.readouterr().err
    (run.folder / "metrics/folds.csv").unlink()
    with pytest.raises(FailedWork, match=r"no source of metrics/folds.csv; `darkhar evaluate .*` makes tables of what"):
        mend(run, ROW)
    assert path.read_bytes() == changed


def test_what_predictions_do_not_tell_is_named(run, capsys):
    (run.folder / "metrics/history.csv").write_text("")
    assert mend(run, ROW)
    assert "metrics/history.csv (is not as it was written); fresh=true runs the experiment" in capsys.readouterr().err
