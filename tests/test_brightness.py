"""Accuracy by the brightness of clips."""

import numpy as np
import pytest

from darkhar_cli import brightness, stats
from darkhar_cli.errors import BadRequest


def test_every_clip_is_in_exactly_one_bin_of_brightness():
    rng = np.random.default_rng(0)
    luma = np.concatenate([rng.gamma(3, 6, 300).clip(0, 255), brightness.LUMA_EDGES[:-1], [255.0]])
    right = rng.random(len(luma)) < 0.5
    table = brightness.by_brightness(luma, right)
    assert list(table.columns) == ["low", "high", "n", "correct", "accuracy", "lower", "upper"]
    assert (table["low"].iloc[0], table["high"].iloc[-1]) == (0, 256)
    assert (table["low"].iloc[1:].to_numpy() == table["high"].iloc[:-1].to_numpy()).all()
    assert (table["n"].sum(), table["correct"].sum()) == (len(luma), right.sum())
    for _, row in table.iterrows():
        inside = right[(luma >= row["low"]) & (luma < row["high"])]
        assert (row["n"], row["correct"], row["accuracy"]) == (len(inside), inside.sum(), inside.mean())
        assert (row["lower"], row["upper"]) == stats.wilson(inside.sum(), len(inside))


def test_brightness_keeps_empty_bins_and_refuses_what_is_outside():
    table = brightness.by_brightness([3, 10, 10], [True, False, True], edges=(0, 5, 10, 20))
    assert table["n"].tolist() == [1, 0, 2]
    assert table.loc[1, ["accuracy", "lower", "upper"]].isna().all()
    assert table.loc[2, "accuracy"] == 0.5
    for bad in (20, -1, np.nan):
        with pytest.raises(BadRequest, match=f"{bad}.* is not in 0..20"):
            brightness.by_brightness([3, bad], [True, True], edges=(0, 5, 10, 20))
    assert brightness.by_brightness([], [])["n"].tolist() == [0] * 7
