"""Runs on the field's lists by one command: official splits trained and scored, with the mean that papers report."""

import pandas as pd

from tests.conftest import TINY, only
from tests.helpers import label_fixtures


def test_the_three_official_splits_of_arid_are_trained_and_scored(darkhar, tmp_path):
    root = label_fixtures.arid(tmp_path / "arid")
    words = ("dataset=arid", f"dataset.root={root}", "dataset.split=all", "train.epochs=1", *TINY)
    code, out, err = darkhar("train", *words)
    assert code == 0, err
    run = only(tmp_path / "outputs" / "train")
    folds = pd.read_csv(run / "metrics" / "folds.csv")
    assert folds["cv"].unique().tolist() == ["official"]
    assert list(zip(folds["repeat"], folds["fold"], folds["n"], strict=True)) == [(0, 0, 3), (1, 0, 6), (2, 0, 3)]
    mean = 100 * folds["accuracy"].mean()
    assert f"as papers report it: mean top-1 accuracy of the 3 official splits {mean:.1f} %" in out
    summary = pd.read_csv(run / "metrics" / "summary.csv")
    assert summary["n"].tolist() == [12], "a clip counts once"
