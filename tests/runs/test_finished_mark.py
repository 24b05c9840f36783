"""The mark of a finished run lists its tables; what is lost or changed later is named before it is shown."""

import pandas as pd
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.files.checksums import CHANGED, MISSING, listed
from darkhar_cli.runs.run_folder import Run

TABLE = pd.DataFrame({"a": [1, 2]})
NAMES = ("predictions.csv", "metrics/summary.csv", "metrics/folds.csv", "metrics/history.csv")


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path / "run")
    for name in NAMES:
        made.save(name, TABLE)
    made.finish()
    return made


def test_tables_are_listed_and_a_new_one_is_added(run):
    assert set(listed((run.folder / "DONE").read_text())) == set(NAMES)
    assert run.mark.damaged() == {}
    run.save("metrics/controls.csv", TABLE)
    run.save("metrics/summary.csv", TABLE.assign(b=3))
    assert set(listed((run.folder / "DONE").read_text())) == {*NAMES, "metrics/controls.csv"}
    assert run.mark.damaged() == {}
    run.mark.refuse_damaged()


def test_lost_and_changed_tables_are_named(run):
    (run.folder / "metrics/history.csv").unlink()
    (run.folder / "predictions.csv").write_text("a\n1\n")
    assert run.mark.damaged() == {"metrics/history.csv": MISSING, "predictions.csv": CHANGED}
    said = r"predictions.csv is not as it was written; its `darkhar train` command .*, `darkhar evaluate .*run` makes"
    with pytest.raises(BadRequest, match=said):
        run.mark.refuse_damaged()


def test_a_run_of_an_earlier_version_lists_nothing_but_needs_its_tables(run):
    (run.folder / "DONE").write_text("")
    (run.folder / "predictions.csv").write_text("a\n1\n")
    assert run.done
    assert run.mark.damaged() == {}
    (run.folder / "metrics/folds.csv").unlink()
    assert run.mark.damaged() == {"metrics/folds.csv": MISSING}
    run.save("metrics/folds.csv", TABLE)
    assert (run.folder / "DONE").read_text() == "", "its other tables have no checksum either"
    run.mark.remove()
    assert not run.done
    assert run.mark.damaged() == {}
