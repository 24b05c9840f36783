"""The README's table of results: its number is the macro recall over seeds, its interval that number's."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics import statistics
from darkhar_cli.metrics import tables as metrics
from darkhar_cli.metrics.replicates import crossed
from tests.benchmarks import results
from tests.helpers.prediction_tables import table_of

GROUPS = [f"g{i // 6}" for i in range(60)]
RIGHTS = [True] * 30 + [False] * 30, [True, False] * 15 + [False] * 30


def written(place, rights=RIGHTS, groups=GROUPS):
    """Write what runs of several seeds leave; return their folders and the tables of their validation clips."""
    runs, tables = [], []
    for seed, right in enumerate(rights):
        parts = [table_of(right, groups, split=split, folds=2)[0] for split in ("validation", "darkened")]
        runs.append(place / str(seed))
        runs[-1].mkdir()
        pd.concat(parts).to_csv(runs[-1] / "predictions.csv", index=False)
        tables.append(metrics.per_clip(parts[0], "validation"))
    return runs, tables


def test_a_row_crosses_recordings_with_seeds_and_keeps_their_range(tmp_path):
    runs, tables = written(tmp_path)
    cells = results.line("mine", runs).strip("| ").split(" | ")
    by = statistics.clusters(60, tables[0]["group"])
    assert by.words == "10 groups"
    found = crossed(np.stack([table["right"] for table in tables]), tables[0]["label"], by)
    low, high = found.share_interval()
    assert found.value == pytest.approx(0.375)
    assert cells[:2] == ["`mine`", "37.5 % (25.0 to 50.0)"]
    assert cells[2] == f"[{100 * low:.0f}, {100 * high:.0f}]" == cells[4]
    assert cells[3] == cells[1]


def test_a_row_of_one_seed_has_the_interval_of_its_summary(tmp_path):
    runs, (table,) = written(tmp_path, RIGHTS[1:])
    found = statistics.recall_interval(table["right"], table["label"], table["group"])
    expected = f"25.0 % (25.0 to 25.0) | [{100 * found.low:.0f}, {100 * found.high:.0f}]"
    assert results.line("mine", runs) == f"| `mine` | {expected} | {expected} |"


def test_seeds_that_score_other_clips_are_no_row(tmp_path):
    runs, _ = written(tmp_path)
    pd.read_csv(runs[1] / "predictions.csv").query("id != 'v7'").to_csv(runs[1] / "predictions.csv", index=False)
    with pytest.raises(BadRequest, match="the seeds of mine do not score the same clips"):
        results.line("mine", runs)
