"""The table of twins in `tests/README.md`: what is paired with what, and how much of a gap is closed."""

import numpy as np
import pytest

from darkhar_cli.evaluation.outcomes import read_result
from darkhar_cli.evaluation.pairing import by_twin
from darkhar_cli.metrics import paired, statistics
from tests.benchmarks import twins
from tests.helpers.compared_runs import GROUPS, hits, write_run

LABELS = [f"c{i % 6}" for i in range(60)]
HALF = np.arange(60) % 5 < 2  # two of five clips in each group


def test_a_share_of_the_gap_is_closed():
    day, dark, other = np.ones(60), np.zeros(60), HALF.astype(float)
    assert twins.closed(day, dark, other, LABELS, GROUPS) == "40 % [40, 40]"
    assert twins.closed(day, dark, dark, LABELS, GROUPS) == "0 % [0, 0]"
    assert twins.closed(dark, day, other, LABELS, GROUPS) == "no gap is shown", "the dark is better"
    mixed = hits(20).astype(float)
    assert twins.closed(mixed, mixed, other, LABELS, GROUPS) == "no gap is shown"


def test_its_interval_is_that_of_groups_drawn_with_replacement():
    won = np.repeat(np.arange(12) % 2, 5).astype(float)
    text = twins.closed(np.ones(60), np.zeros(60), won, LABELS, GROUPS)
    share, low, high = (float(word.strip("[],%")) for word in text.replace("%", "").split())
    assert share == 50
    half = 196 * np.sqrt(0.25 / 12)  # of a binomial share of twelve groups, in points
    assert low == pytest.approx(50 - half, abs=5)
    assert high == pytest.approx(50 + half, abs=5)


def test_of_classes_of_unequal_size_it_is_the_share_of_the_gap_in_macro_recall():
    labels = ["rare"] * 15 + ["common"] * 45
    won = np.repeat([1.0, 0.0], [15, 45])
    assert twins.closed(np.ones(60), np.zeros(60), won, labels, GROUPS).startswith("50 %"), "not a quarter"


def test_runs_by_day_and_in_the_dark_are_paired_by_twin(tmp_path):
    runs = {twins.DAY: write_run(tmp_path / "day", np.ones(60, bool), GROUPS, light="bright")}
    runs[twins.DARK] = write_run(tmp_path / "dark", np.zeros(60, bool), GROUPS, light="dark")
    runs["histeq"] = write_run(tmp_path / "histeq", HALF, GROUPS, light="dark", enhance="histeq")
    lines = twins.table({name: read_result(folder) for name, folder in runs.items()})
    assert "60 test clips in 12 groups" in lines[0]
    day, dark, lit = (line.split(" | ") for line in lines[2:])
    assert day[1].startswith("100.0 %")
    assert day[2].startswith("+100.0 [")
    assert dark[2] == ""
    assert dark[3].startswith("-100.0 [")
    assert lit[2].startswith("+40.0 [")
    assert lit[3].startswith("-60.0 [")
    known = statistics.recall_interval(HALF, LABELS, GROUPS)
    assert lit[1] == f"{100 * known.value:.1f} % [{100 * known.low:.1f}, {100 * known.high:.1f}]"
    found = by_twin([read_result(runs[name]) for name in (twins.DARK, twins.DAY, "histeq")])[0]
    clips = [result.clips for result in found]
    for cell, base, gain in zip(lit[2:4], clips[:2], (40, -60), strict=True):
        found = paired.compare([base], [clips[2]])
        low, high = found.recall.interval()
        p = paired.holm([found.p, paired.compare(clips[:1], clips[1:2]).p])[0]
        assert cell == f"{gain:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}], p {p:.3f}"
    assert lit[4] == "40 % [40, 40] |"


def test_every_run_of_it_is_a_request_that_can_be_read():
    from darkhar_cli.config import request

    for words in (*(w for model in twins.MODELS for w in twins.runs_of(model).values()), *twins.CONTROLS.values()):
        config = request.read_request("train", ["dataset.config=medium", "cv=official", *words], False, None)
        assert config.jobs[0].config["dataset"]["config"] == "medium"
        assert config.jobs[0].config["cv"]["name"] == "official"
