"""Two results compared, and the sentence that may be said of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from darkhar_cli import stats
from darkhar_cli.errors import BadRequest
from tests.worlds import enumerated, results, world


def test_compare_says_what_its_parts_say():
    rng = np.random.default_rng(3)
    right, groups = world(rng, 9, 60, 2, gain=0.5)
    got = stats.compare(results(right[0], groups), results(right[1], groups))
    differences = right[1].astype(int) - right[0]
    means = pd.Series(differences).groupby(groups).mean()
    assert (got["n"], got["groups"]) == (60, 9)
    assert (got["accuracy_a"], got["accuracy_b"]) == pytest.approx((right[0].mean(), right[1].mean()))
    assert got["difference"] == pytest.approx(means.mean())
    assert (got["lower"], got["upper"]) == pytest.approx(tuple(reference.ttest_1samp(means, 0).confidence_interval()))
    assert got["p"] == pytest.approx(enumerated(means))
    assert got["mcnemar"] == stats.mcnemar(right[0], right[1])
    back = stats.compare(results(right[1], groups), results(right[0], groups))
    assert back["difference"] == pytest.approx(-got["difference"])
    assert (back["p"], back["upper"]) == (got["p"], pytest.approx(-got["lower"]))


def test_compare_without_groups_is_by_clip():
    a, b = np.repeat([1, 0, 1], [10, 8, 1]), np.repeat([1, 1, 0], [10, 8, 1])
    got = stats.compare(results(a, [None] * 19), results(b, [np.nan] * 19))
    assert (got["groups"], got["difference"]) == (0, pytest.approx(7 / 19))
    assert got["p"] == pytest.approx(got["mcnemar"]) == pytest.approx(20 / 512)


def test_compare_of_nothing_and_of_one_clip():
    none = stats.compare(results([], []), results([], []))
    assert none["n"] == 0
    assert np.isnan([none[key] for key in ("accuracy_a", "difference", "lower", "p")]).all()
    assert stats.sentence(none, "A", "B", np.nan) == "No clips to compare A and B by."
    one = stats.compare(results([0], ["a"]), results([1], ["a"]))
    assert (one["difference"], one["p"]) == (1, 1)
    expected = "No evidence of a difference between A and B (+100.0 points, no interval, p = 1.00, 1 clip in 1 group)."
    assert stats.sentence(one, "A", "B", one["p"]) == expected


def test_compare_refuses_other_clips_other_groups_and_repeats():
    a = results([1, 0], ["x", "y"])
    others = [results([1, 0], ["x", "z"]), results([1, 0], ["x", "y"], ["clip 1", "clip 0"]), results([1], ["x"])]
    for other in others:
        with pytest.raises(BadRequest, match="same clips and groups"):
            stats.compare(a, other)
    twice = results([1, 0], ["x", "x"], ["one", "one"])
    with pytest.raises(BadRequest, match="'one' is scored twice"):
        stats.compare(twice, twice)


RESULT = {"n": 150, "groups": 15, "accuracy_a": 0.6, "accuracy_b": 0.621, "difference": 0.021, "lower": -0.03}
RESULT |= {"upper": 0.072, "p": 0.41, "mcnemar": 0.001}


def test_sentences():
    facts = "95 % interval -3.0 to +7.2, p = 0.41, 150 clips in 15 groups"
    assert (
        stats.sentence(RESULT, "A", "B", 0.41) == f"No evidence of a difference between A and B (+2.1 points, {facts})."
    )
    won = RESULT | {"accuracy_b": 0.68, "difference": 0.08, "lower": 0.021, "upper": 0.139}
    facts = "95 % interval +2.1 to +13.9, p = 0.012, 150 clips in 15 groups"
    assert stats.sentence(won, "A", "B", 0.012) == f"B is better than A by 8.0 points ({facts})."
    lost = RESULT | {"accuracy_b": 0.52, "difference": -0.08, "lower": -0.139, "upper": -0.021}
    assert stats.sentence(lost, "B", "A", 0.012) == f"B is better than A by 8.0 points ({facts})."
    assert stats.sentence(won | {"groups": 0}, "A", "B", 0.0001).endswith("p < 0.001, 150 clips taken as independent).")


def test_only_the_adjusted_p_decides():
    won = RESULT | {"accuracy_b": 0.68, "difference": 0.08, "lower": 0.021, "upper": 0.139, "p": 0.001}
    for p in (0.05, 0.3, 1.0, np.nan):
        assert stats.sentence(won, "A", "B", p).startswith("No evidence of a difference between A and B (+8.0 points")
    assert stats.sentence(won | {"p": 0.9, "lower": -0.1}, "A", "B", 0.0499).startswith("B is better than A by 8.0")
    assert "p = 0.0499," in stats.sentence(won, "A", "B", 0.0499)


def test_a_sentence_says_when_clips_and_groups_disagree():
    large, small = np.repeat(["big"], 30), np.repeat([f"s{i}" for i in range(10)], 2)
    groups = np.concatenate([large, small])
    a, b = np.repeat([1, 0], [30, 20]), np.repeat([0, 1], [30, 20])  # b loses the one big scene, wins the ten small
    got = stats.compare(results(a, groups), results(b, groups))
    assert got["difference"] > 0 > got["accuracy_b"] - got["accuracy_a"]
    text = stats.sentence(got, "A", "B", got["p"])
    assert text.startswith("B is better than A by 81.8 points")
    assert text.endswith("50 clips in 11 groups, each group counting once; -20.0 by clip).")


def test_a_difference_of_nothing_has_no_minus():
    right = [1, 0] * 10
    got = stats.compare(results(right, range(20)), results(right, range(20)))
    assert "(+0.0 points, 95 % interval -16.1 to +16.1, p = 1.00" in stats.sentence(got, "A", "B", 1)
    assert "(+0.0 points" in stats.sentence(got | {"difference": -1e-9}, "A", "B", 1)
