"""What every tracker promises, and what each writes, read back by its own package."""

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.trackers.contract import TrackedRun, Tracker, as_markdown, flat, refuse_missing, results

SUMMARY = pd.DataFrame(
    {
        "dataset": ["dark_synth"] * 2,
        "seed": [0] * 2,
        "split": ["validation", "test"],
        "of": ["folds", "ensemble"],
        "n": [18, 6],
        "recall_macro": [0.75, 0.5],
        "recall_lower": [0.5, float("nan")],
        "recall_upper": [0.875, float("nan")],
        "interval": ["by group", "too few groups | 1"],
        "warnings": ["synthetic clips", ""],
    }
)
PARAMETERS = {"train.epochs": 2, "enhance": "gamma+histeq", "fresh": False, "seed": 0, "train.learning_rate": 0.001}
EPOCHS = [("fold_0", 1, 1.5), ("fold_0", 2, 1.25), ("repeat_1_fold_0", 1, 2.0)]
NAMES = list(schema.options("tracker"))


def has(package):
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed: darkhar[{package}]")


def told(name, place, problem="", **parameters):
    """Let a tracker follow a run of three epochs in two folds; return the run's folder."""
    folder = place / "smoke-1"
    folder.mkdir(exist_ok=True)
    tracker = registry.get("tracker", name)(**parameters)
    tracker.begin(TrackedRun(folder.name, folder, PARAMETERS))
    for fold, number, loss in EPOCHS:
        tracker.epoch(fold, number, {"loss": loss, "accuracy": 0.5})
    if not problem:
        tracker.table(SUMMARY)
    tracker.end(problem)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_tracker_is_one_and_its_extra_is_known(name):
    import tomllib

    from tests.conftest import ROOT

    part = registry.get("tracker", name)
    assert issubclass(part, Tracker)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extra = getattr(part, "extra", None)
    assert extra in extras if name != "none" else extra is None
    package = getattr(part, "package", "")
    assert not package or any(one.startswith(package) for one in extras[extra])


@pytest.mark.parametrize("name", ["mlflow", "trackio", "wandb"])
def test_a_package_that_is_missing_is_named_with_the_extra(name):
    with pytest.raises(BadRequest, match=rf"tracker={name} needs .*: pip install 'darkhar\[{name}\]'"):
        refuse_missing(name, installed=lambda _: None)
    refuse_missing(name, installed=lambda _: True)


def test_an_unknown_tracker_is_refused_with_the_nearest():
    with pytest.raises(BadRequest, match="did you mean 'mlflow'"):
        refuse_missing("mlflo")
    refuse_missing("none", installed=lambda _: None)
    refuse_missing("tensorboard", installed=lambda _: None)


def test_no_tracker_does_nothing(tmp_path):
    assert list(told("none", tmp_path).iterdir()) == []


def test_a_configuration_becomes_flat():
    config = {"seed": 0, "train": {"epochs": 3, "mode": None}, "extractor": {"size": [4, 5]}, "enhance": {"none": {}}}
    assert flat(config) == {"seed": 0, "train.epochs": 3, "extractor.size": "[4, 5]"}


def test_results_are_the_summarys_numbers():
    assert results(SUMMARY) == {
        "validation/n": 18,
        "validation/recall_macro": 0.75,
        "validation/recall_lower": 0.5,
        "validation/recall_upper": 0.875,
        "test/ensemble/n": 6,
        "test/ensemble/recall_macro": 0.5,
    }


def test_the_table_has_a_column_for_each_row_of_the_summary():
    lines = as_markdown(SUMMARY).splitlines()
    assert lines[:2] == ["|  | validation, folds | test, ensemble |", "| --- | --- | --- |"]
    assert "| recall_lower | 0.5 | nan |" in lines
    assert "| interval | by group | too few groups \\| 1 |" in lines
    assert {line.count("|") - line.count("\\|") for line in lines} == {4}


def events(folder):
    """Return (tag, step, value) of a folder's event files."""
    import tensorflow as tf

    found = []
    for path in sorted(folder.glob("events.*")):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                kept = tf.make_ndarray(value.tensor)
                text = value.metadata.plugin_data.plugin_name == "text"
                found.append((value.tag, event.step, kept.item().decode() if text else kept.item()))
    return found


def test_tensorboard_has_a_folder_for_each_fold(tmp_path):
    folder = told("tensorboard", tmp_path) / "tensorboard"
    assert events(folder / "fold_0") == [
        ("loss", 1, 1.5),
        ("accuracy", 1, 0.5),
        ("loss", 2, 1.25),
        ("accuracy", 2, 0.5),
    ]
    assert events(folder / "repeat_1_fold_0")[0] == ("loss", 1, 2.0)
    found = {tag: value for tag, _, value in events(folder / "results")}
    assert found["validation/recall_upper"] == 0.875
    assert found["results"] == as_markdown(SUMMARY)
    assert "| train.learning_rate | 0.001 |" in found["configuration"]


def test_tensorboard_begins_anew_and_says_what_ended_a_run(tmp_path):
    told("tensorboard", tmp_path)
    folder = told("tensorboard", tmp_path, problem="disk full") / "tensorboard"
    assert len(events(folder / "fold_0")) == 4
    assert [value for tag, _, value in events(folder / "results") if tag == "ended early"] == ["disk full"]


@has("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_keeps_a_run_in_a_local_store(tmp_path):
    for problem in ("", "disk full"):
        told("mlflow", tmp_path, problem, folder=str(tmp_path / "store"), experiment="night")
    from mlflow.tracking import MlflowClient

    client = MlflowClient((tmp_path / "store").as_uri())
    runs = client.search_runs([client.get_experiment_by_name("night").experiment_id])
    assert len(runs) == 2
    by_status = {one.info.status: one for one in runs}
    run, failed = by_status["FINISHED"], by_status["FAILED"]
    assert run.info.run_name == "smoke-1"
    assert run.data.params == {key: str(value) for key, value in PARAMETERS.items()}
    curve = client.get_metric_history(run.info.run_id, "fold_0/loss")
    assert [(point.step, point.value) for point in curve] == [(1, 1.5), (2, 1.25)]
    assert run.data.metrics["validation/recall_lower"] == 0.5
    kept = Path(client.download_artifacts(run.info.run_id, "summary.csv")).read_text()
    assert kept == SUMMARY.to_csv(index=False)
    assert failed.data.tags["darkhar.problem"] == "disk full"
    assert client.get_metric_history(failed.info.run_id, "repeat_1_fold_0/loss")[0].value == 2.0


@has("trackio")
@pytest.mark.filterwarnings("ignore")
def test_trackio_keeps_a_run_in_a_local_database(tmp_path):
    from tests.conftest import ROOT
    from tests.helpers.processes import python

    python(
        "from pathlib import Path\nfrom tests.trackers.test_trackers import told\n"
        f"told('trackio', Path({str(tmp_path)!r}), folder={str(tmp_path / 'kept')!r}, project='night')\n",
        cwd=ROOT,
    )
    (database,) = (tmp_path / "kept").glob("night*.db")
    with sqlite3.connect(database) as opened:
        rows = opened.execute("select run_name, step, metrics from metrics order by step, rowid").fetchall()
        config = json.loads(opened.execute("select config from configs").fetchone()[0])
    assert {name for name, *_ in rows} == {"smoke-1"}
    curves = [(step, json.loads(kept).get("fold_0/loss")) for _, step, kept in rows]
    assert [point for point in curves if point[1] is not None] == [(1, 1.5), (2, 1.25)]
    last = next(json.loads(kept) for _, step, kept in rows if step == 0)
    assert last["validation/recall_upper"] == 0.875
    assert "recall_macro" in json.dumps(last["results"])
    assert config["enhance"] == "gamma+histeq"


@has("wandb")
def test_wandb_keeps_a_run_offline(tmp_path):
    from tests.conftest import ROOT
    from tests.helpers.processes import python

    python(
        "from pathlib import Path\nfrom tests.trackers.test_trackers import told\n"
        f"told('wandb', Path({str(tmp_path)!r}), folder={str(tmp_path / 'kept')!r}, project='night')\n",
        cwd=ROOT,
    )
    (place,) = (tmp_path / "kept" / "wandb").glob("offline-run-*")
    (kept,) = place.glob("*.wandb")
    content = kept.read_bytes()
    for text in (
        b"fold_0/loss",
        b"1.25",
        b"repeat_1_fold_0/loss",
        b"validation/recall_upper",
        b"gamma+histeq",
        b"night",
    ):
        assert text in content, text
