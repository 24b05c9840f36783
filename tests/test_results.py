"""The README's table of results: its number is the mean over all folds, its interval that number's."""

import pandas as pd
import pytest

from darkhar_cli import stats
from tests import results
from tests.prediction_tables import table_of

GROUPS = [f"g{i // 6}" for i in range(60)]


def test_a_row_pools_the_seeds_and_keeps_their_range(tmp_path):
    rights = [True] * 30 + [False] * 30, [True, False] * 15 + [False] * 30
    runs, pooled = [], []
    for seed, right in enumerate(rights):
        parts = [table_of(right, GROUPS, split=split, folds=2)[0] for split in ("validation", "darkened")]
        runs.append(tmp_path / str(seed))
        runs[-1].mkdir()
        pd.concat(parts).to_csv(runs[-1] / "predictions.csv", index=False)
        pooled.append(parts[0].assign(fold=parts[0]["fold"] + 2 * seed))
    cells = results.line("mine", runs).strip("| ").split(" | ")
    both = pd.concat(pooled)
    right = both["predicted"] == both["label"]
    found = stats.fold_recall_interval(right, both["label"], both["fold"], both["group"].tolist())
    assert found.value == pytest.approx(0.375)
    assert cells[:2] == ["`mine`", "37.5 % (25.0 to 50.0)"]
    assert cells[2] == f"[{100 * found.low:.0f}, {100 * found.high:.0f}]" == cells[4]
