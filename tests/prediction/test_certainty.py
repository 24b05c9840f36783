"""The threshold of `uncertain` and the temperature, against what a search through all of them finds."""

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.prediction import certainty
from darkhar_cli.runs.run_folder import Run


def searched(confidence, right, weights, wanted):
    """Return the lowest threshold that reaches what is wanted, else the best with a third of the weight above."""
    best = (-1.0, 2.0)
    for t in sorted({0.0, *confidence}):
        above = confidence >= t
        accuracy = np.average(right[above], weights=weights[above])
        if accuracy >= wanted and weights[above].sum() >= max(10, 0.1 * weights.sum()):
            return t
        if weights[above].sum() >= weights.sum() / 3 and accuracy >= best[0]:
            best = accuracy, min(t, best[1]) if accuracy == best[0] else t
    return best[1]


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.9, 1.0])
def test_the_threshold_is_the_lowest_that_reaches_what_is_wanted(wanted):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        confidence = rng.integers(20, 100, 25) / 100  # with ties
        right = rng.random(25) < confidence
        weights = rng.choice([1.0, 0.5], 25)
        assert certainty.choose(confidence, right, weights, wanted) == searched(confidence, right, weights, wanted)


def test_temperature_is_found_again():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1, (6000, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (p.cumsum(axis=1) < rng.random((6000, 1))).sum(axis=1)
    boastful = certainty.at_temperature(p, 0.5)
    np.testing.assert_allclose(certainty.at_temperature(boastful, 2.0), p, atol=1e-6)
    assert certainty.temperature_of(p, truth) == pytest.approx(1.0, abs=0.06)
    assert certainty.temperature_of(boastful, truth) == pytest.approx(2.0, abs=0.12)


@pytest.fixture
def run(tmp_path):
    """A run of four clips: sure and right, sure and wrong (scored twice), unsure and right."""
    rows = [("a", "x", 0.9), ("b", "x", 0.8), ("c", "y", 0.95), ("c", "y", 0.95), ("d", "x", 0.6)]
    table = pd.DataFrame(rows, columns=["id", "label", "p_x"])
    table = table.assign(split="validation", repeat=0, fold=range(5), predicted="x", p_y=1 - table["p_x"])
    Run(tmp_path).save("predictions.csv", table)
    return Run(tmp_path)


def test_a_runs_own_scored_clips_say_what_the_threshold_means(run):
    found = certainty.certainty_of(run, ["x", "y"], threshold=0.0)
    assert (found.threshold, found.coverage, found.clips) == (0.0, 1.0, 4)
    assert found.accuracy == found.overall == pytest.approx(0.75), "a clip counts once, however often it was scored"
    found = certainty.certainty_of(run, ["x", "y"], threshold=0.9)
    assert found.coverage == pytest.approx(0.5)
    assert found.accuracy == pytest.approx(0.5)
    words = found.words()
    assert "below a confidence of 0.90: of the run's 4 own scored clips 50 % lie above it" in words
    assert "50.0 % of those are right (of all 75.0 %); no threshold reaches 90 %" in words


def test_a_run_without_scored_clips_has_no_threshold(tmp_path):
    Run(tmp_path).save("predictions.csv", pd.DataFrame(columns=["split", "id", "label", "p_x"]))
    found = certainty.certainty_of(Run(tmp_path), ["x"])
    assert found.threshold == 0.0
    assert "no scored clips" in found.words()
    assert certainty.temperature_of_run(Run(tmp_path), ["x"]) == 1.0
