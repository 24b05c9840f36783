"""Accuracy by the brightness of clips."""

import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics import brightness, statistics


def test_every_clip_is_in_exactly_one_bin_of_brightness():
    rng = np.random.default_rng(0)
    luma = np.concatenate([rng.gamma(3, 6, 300).clip(0, 255), brightness.LUMA_EDGES[:-1], [255.0]])
    right = rng.random(len(luma)) < 0.5
    table = brightness.by_brightness(luma, right)
    assert list(table.columns) == ["low", "high", "n", "correct", "accuracy", "lower", "upper", "groups", "interval"]
    assert (table["low"].iloc[0], table["high"].iloc[-1]) == (0, 256)
    assert (table["low"].iloc[1:].to_numpy() == table["high"].iloc[:-1].to_numpy()).all()
    assert (table["n"].sum(), table["correct"].sum()) == (len(luma), right.sum())
    for _, row in table.iterrows():
        inside = right[(luma >= row["low"]) & (luma < row["high"])]
        assert (row["n"], row["correct"], row["accuracy"]) == (len(inside), inside.sum(), inside.mean())
        expected = (
            statistics.wilson(inside.sum(), len(inside)) if len(inside) >= statistics.FEWEST else (np.nan, np.nan)
        )
        assert (row["lower"], row["upper"]) == pytest.approx(expected, nan_ok=True)


def test_brightness_keeps_empty_bins_and_refuses_what_is_outside():
    table = brightness.by_brightness([3, 10, 10], [True, False, True], edges=(0, 5, 10, 20))
    assert table["n"].tolist() == [1, 0, 2]
    assert table.loc[1, ["accuracy", "lower", "upper"]].isna().all()
    assert table.loc[2, "accuracy"] == 0.5
    for bad in (20, -1, np.nan):
        with pytest.raises(BadRequest, match=f"{bad}.* is not in 0..20"):
            brightness.by_brightness([3, bad], [True, True], edges=(0, 5, 10, 20))
    assert brightness.by_brightness([], [])["n"].tolist() == [0] * 7


def test_a_bin_of_few_groups_has_counts_and_no_interval():
    luma, right = [3.0] * 12 + [10.0] * 12, [True, False, True] * 8
    groups = [f"g{i // 2}" for i in range(12)] + [f"g{i // 3}" for i in range(12)]
    table = brightness.by_brightness(luma, right, groups, edges=(0, 5, 20, 40))
    assert table["groups"].tolist() == [6, 4, 0]
    few = "too few groups for an interval (4)"
    assert table["interval"].tolist() == ["cluster-robust over 6 groups", few, ""]
    assert table["lower"].isna().tolist() == [False, True, True]
    assert table["correct"].tolist() == [8, 8, 0]
    found = statistics.share_interval(right[:12], groups[:12])
    assert (table["lower"][0], table["upper"][0]) == (found.low, found.high)
