"""A tracker is no part of a run: the same folder, the same numbers; a run of one's own tracker that fails is whole."""

import json

from darkhar_cli.config import request
from darkhar_cli.runs.identity import identity
from tests.conftest import only

SMOKE = ("experiment=smoke", "train.epochs=2")
PART = '''
"""A tracker of one's own."""

import json
import random
from pathlib import Path

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import Tracker


@register("tracker", "lines")
class Lines(Tracker):
    """A line of JSON for each call."""

    def __init__(self, file: str = "told.jsonl", fails: bool = False):
        self.file, self.fails = Path(file), fails

    def _tell(self, *what):
        random.random()
        with self.file.open("a") as opened:
            opened.write(json.dumps(what) + "\\n")

    def begin(self, run):
        self._tell("begin", run.name, dict(run.parameters))

    def epoch(self, fold, number, values):
        self._tell("epoch", fold, number, dict(values))

    def table(self, summary):
        if self.fails:
            raise OSError("disk full")
        self._tell("table", summary["recall_macro"].tolist())

    def end(self, problem):
        self._tell("end", problem)
'''


def mark(*words):
    return identity(request.read_request("train", [*SMOKE, *words], False, None).jobs[0].config, "data")


def test_a_tracker_is_no_part_of_a_runs_identity():
    assert mark("tracker=mlflow", "tracker.experiment=night") == mark("tracker=tensorboard") == mark()


def test_numbers_are_the_same_with_and_without_and_a_failure_travels(darkhar, tmp_path):
    (tmp_path / "lines.py").write_text(PART)
    own = ("plugins=lines.py", "tracker=lines")
    assert darkhar("train", *SMOKE, "hydra.run.dir=plain")[0] == 0
    code, _, said = darkhar("train", *SMOKE, *own, "tracker.fails=true", "hydra.run.dir=told")
    assert code == 0
    for name in ("predictions.csv", "metrics/folds.csv", "metrics/history.csv", "assignment.csv"):
        assert (tmp_path / "told" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name
    text = "tracker lines failed at its results (OSError: disk full)"
    assert said.count(text) == 1
    summaries = [(tmp_path / place / "metrics" / "summary.csv").read_text() for place in ("plain", "told")]
    assert text in summaries[1]
    assert summaries[1].replace(f"; {text}", "") == summaries[0]
    facts = [json.loads((tmp_path / place / "run.json").read_text()) for place in ("plain", "told")]
    assert facts[0]["identity"] == facts[1]["identity"]
    told = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert [what for what, *_ in told] == ["begin", *["epoch"] * 4, "end"]
    assert told[0][1] == "told"
    assert told[0][2]["classifier"] == "lstm"
    assert told[0][2]["train.epochs"] == 2
    assert "tracker.name" not in told[0][2]
    assert [(fold, number) for _, fold, number, _ in told[1:5]] == [
        (f"fold_{fold}", number) for fold in (0, 1) for number in (1, 2)
    ]
    code, _, said = darkhar("train", *SMOKE, *own, "hydra.run.dir=told")
    assert code == 0
    assert "already done" in said


def test_tensorboard_beside_a_run(darkhar, tmp_path):
    assert darkhar("train", *SMOKE, "tracker=tensorboard", "hydra.sweep.dir=seeds", "-m", "seed=1,2")[0] == 0
    for job in sorted((tmp_path / "seeds").glob("seed=*")):
        assert sorted(place.name for place in (job / "tensorboard").iterdir()) == ["fold_0", "fold_1", "results"]
        only(job / "tensorboard" / "fold_0")
