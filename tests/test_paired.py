"""Paired tests and corrections; two results compared, and the sentence that may be said of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from darkhar_cli import paired, stats
from darkhar_cli.errors import BadRequest
from tests.worlds import enumerated, group_sizes, results, world

GROUPS = np.repeat(["a", "b", "c", "d"], [1, 2, 5, 40])  # of very different size


def test_the_difference_interval_is_paired_and_within_minus_1_and_1():
    a, b = np.array([0.5, 0.2, 0.7, 0.1]), np.array([0.4, 0.6, 0.9, 0.4])
    expected = reference.ttest_rel(b, a).confidence_interval()
    assert expected.low < 0
    assert paired.difference_interval(b - a, ["a", "b", "c", "d"]) == pytest.approx(tuple(expected))
    assert paired.difference_interval(b - a, None) == pytest.approx(tuple(expected))
    assert paired.difference_interval([-1, 1, 1], ["a", "b", "b"]) == (-1, 1)
    low, high = paired.difference_interval(np.zeros(48), GROUPS)
    assert (low, high) == pytest.approx((-stats.wilson(0, 4)[1], stats.wilson(0, 4)[1]))
    assert paired.difference_interval(np.ones(48), GROUPS) == pytest.approx((1 - 2 * high, 1))


@pytest.mark.parametrize("groups", [["a"], ["a", "a", "a"], None, [""]])
def test_one_unit_has_no_interval(groups):
    right = [1, 0, 1] if groups == ["a", "a", "a"] else [1]
    assert paired.difference_interval(right, groups) == pytest.approx((np.nan, np.nan), nan_ok=True)


@pytest.mark.parametrize("seed", range(8))
def test_sign_flip_goes_through_every_pattern_of_signs(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(9).astype(str), group_sizes(rng, 9, 40))
    differences = rng.integers(-1, 2, 40) + (rng.random(40) < 0.2 * (seed % 3))
    means = pd.Series(differences).groupby(groups).mean()
    assert paired.sign_flip(differences, groups) == pytest.approx(enumerated(means))
    order = rng.permutation(40)
    assert paired.sign_flip(differences[order], groups[order]) == paired.sign_flip(differences, groups)
    assert paired.sign_flip(-differences, groups) == paired.sign_flip(differences, groups)


def test_sign_flip_counts_ties_that_rounding_parts():
    differences = [1 / 5, 2 / 3, 3 / 5, -1 / 11, 3 / 10, -2 / 3, -1]  # their sum is near 0, and reached in many ways
    assert paired.sign_flip(differences, None) == enumerated(differences) == 1
    assert paired.sign_flip([0.1, 0.2, -0.3, 0.7, 0.7], None) == 2 * 5 / 2**5  # 0.1 + 0.2 - 0.3 is 5.6e-17


def test_sign_flip_by_clip_is_mcnemars_test():
    for better, worse in [(5, 0), (9, 2), (7, 7), (3, 10), (1, 0)]:
        differences = np.repeat([1, -1, 0], [better, worse, 200])
        assert paired.sign_flip(differences, [""] * len(differences)) == pytest.approx(
            reference.binomtest(better, better + worse).pvalue
        )


def test_the_least_p_is_that_of_two_patterns_of_all():
    for n in (2, 5, 6, 8, 16):
        assert paired.sign_flip(np.ones(3 * n), np.repeat(np.arange(n), 3)) == pytest.approx(2 / 2**n)
    assert paired.holm([2 / 2**8] * 8).min() > paired.ALPHA > paired.holm([2 / 2**9] * 8).max()


def test_no_difference_is_p_of_one():
    assert paired.sign_flip(np.zeros(48), GROUPS) == 1
    assert paired.sign_flip([1, -1, 0, 0], ["a", "a", "b", "c"]) == 1  # none by group
    assert paired.sign_flip([1], ["a"]) == paired.sign_flip([1, 1], ["a", "a"]) == paired.sign_flip([0], None) == 1
    assert np.isnan(paired.sign_flip([], []))


def test_many_units_are_sampled_alike_each_time(monkeypatch):
    rng = np.random.default_rng(0)
    differences = rng.normal(0.4, 1, 12)
    exact = paired.sign_flip(differences, None)
    assert 0.05 < exact < 0.95
    monkeypatch.setattr(paired, "EXACT_UNITS", 11)
    monkeypatch.setattr(paired, "RESAMPLES", 3999)  # below 2**12, or SciPy would enumerate all the same
    sampled = paired.sign_flip(differences, None)
    assert sampled == paired.sign_flip(rng.permutation(differences), None)
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * np.sqrt(exact / 3999))
    assert paired.sign_flip(np.ones(2000), None) == 2 / 4000  # never 0


def test_holm_by_hand():
    np.testing.assert_allclose(paired.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(paired.holm([0.01, np.nan, 0.04, 0.03, np.nan]), [0.03, np.nan, 0.06, 0.06, np.nan])
    np.testing.assert_allclose(paired.holm([0.9, 0.8]), [1, 1])
    assert paired.holm([]).tolist() == []
    assert np.isnan(paired.holm([np.nan])).all()


def test_mcnemar_is_a_binomial_test_of_the_discordant_clips():
    a, b = np.repeat([1, 1, 0, 0], [20, 3, 11, 5]), np.repeat([1, 0, 1, 0], [20, 3, 11, 5])
    assert paired.mcnemar(a, b) == pytest.approx(reference.binomtest(3, 14).pvalue)
    assert paired.mcnemar(b, a) == paired.mcnemar(a, b)
    assert paired.mcnemar([True, False], [False, True]) == 1
    assert paired.mcnemar(a, a) == paired.mcnemar([], []) == 1


def test_compare_says_what_its_parts_say():
    rng = np.random.default_rng(3)
    right, groups = world(rng, 9, 60, 2, gain=0.5)
    got = paired.compare(results(right[0], groups), results(right[1], groups))
    differences = right[1].astype(int) - right[0]
    means = pd.Series(differences).groupby(groups).mean()
    assert (got["n"], got["groups"]) == (60, 9)
    assert (got["accuracy_a"], got["accuracy_b"]) == pytest.approx((right[0].mean(), right[1].mean()))
    assert got["difference"] == pytest.approx(means.mean())
    assert (got["lower"], got["upper"]) == pytest.approx(tuple(reference.ttest_1samp(means, 0).confidence_interval()))
    assert got["p"] == pytest.approx(enumerated(means))
    assert got["mcnemar"] == paired.mcnemar(right[0], right[1])
    back = paired.compare(results(right[1], groups), results(right[0], groups))
    assert back["difference"] == pytest.approx(-got["difference"])
    assert (back["p"], back["upper"]) == (got["p"], pytest.approx(-got["lower"]))


def test_compare_without_groups_is_by_clip():
    a, b = np.repeat([1, 0, 1], [10, 8, 1]), np.repeat([1, 1, 0], [10, 8, 1])
    got = paired.compare(results(a, [None] * 19), results(b, [np.nan] * 19))
    assert (got["groups"], got["difference"]) == (0, pytest.approx(7 / 19))
    assert got["p"] == pytest.approx(got["mcnemar"]) == pytest.approx(20 / 512)


def test_compare_of_nothing_and_of_one_clip():
    none = paired.compare(results([], []), results([], []))
    assert none["n"] == 0
    assert np.isnan([none[key] for key in ("accuracy_a", "difference", "lower", "p")]).all()
    assert paired.sentence(none, "A", "B", np.nan) == "No clips to compare A and B by."
    one = paired.compare(results([0], ["a"]), results([1], ["a"]))
    assert (one["difference"], one["p"]) == (1, 1)
    expected = "No evidence of a difference between A and B (+100.0 points, no interval, p = 1.00, 1 clip in 1 group)."
    assert paired.sentence(one, "A", "B", one["p"]) == expected


def test_compare_refuses_other_clips_other_groups_and_repeats():
    a = results([1, 0], ["x", "y"])
    others = [results([1, 0], ["x", "z"]), results([1, 0], ["x", "y"], ["clip 1", "clip 0"]), results([1], ["x"])]
    for other in others:
        with pytest.raises(BadRequest, match="same clips and groups"):
            paired.compare(a, other)
    twice = results([1, 0], ["x", "x"], ["one", "one"])
    with pytest.raises(BadRequest, match="'one' is scored twice"):
        paired.compare(twice, twice)


RESULT = {"n": 150, "groups": 15, "accuracy_a": 0.6, "accuracy_b": 0.621, "difference": 0.021, "lower": -0.03}
RESULT |= {"upper": 0.072, "p": 0.41, "mcnemar": 0.001}


def test_sentences():
    facts = "95 % interval -3.0 to +7.2, p = 0.41, 150 clips in 15 groups"
    assert (
        paired.sentence(RESULT, "A", "B", 0.41)
        == f"No evidence of a difference between A and B (+2.1 points, {facts})."
    )
    won = RESULT | {"accuracy_b": 0.68, "difference": 0.08, "lower": 0.021, "upper": 0.139}
    facts = "95 % interval +2.1 to +13.9, p = 0.012, 150 clips in 15 groups"
    assert paired.sentence(won, "A", "B", 0.012) == f"B is better than A by 8.0 points ({facts})."
    lost = RESULT | {"accuracy_b": 0.52, "difference": -0.08, "lower": -0.139, "upper": -0.021}
    assert paired.sentence(lost, "B", "A", 0.012) == f"B is better than A by 8.0 points ({facts})."
    assert paired.sentence(won | {"groups": 0}, "A", "B", 0.0001).endswith(
        "p < 0.001, 150 clips taken as independent)."
    )


def test_only_the_adjusted_p_decides():
    won = RESULT | {"accuracy_b": 0.68, "difference": 0.08, "lower": 0.021, "upper": 0.139, "p": 0.001}
    for p in (0.05, 0.3, 1.0, np.nan):
        assert paired.sentence(won, "A", "B", p).startswith("No evidence of a difference between A and B (+8.0 points")
    assert paired.sentence(won | {"p": 0.9, "lower": -0.1}, "A", "B", 0.0499).startswith("B is better than A by 8.0")
    assert "p = 0.0499," in paired.sentence(won, "A", "B", 0.0499)


def test_a_sentence_says_when_clips_and_groups_disagree():
    large, small = np.repeat(["big"], 30), np.repeat([f"s{i}" for i in range(10)], 2)
    groups = np.concatenate([large, small])
    a, b = np.repeat([1, 0], [30, 20]), np.repeat([0, 1], [30, 20])  # b loses the one big scene, wins the ten small
    got = paired.compare(results(a, groups), results(b, groups))
    assert got["difference"] > 0 > got["accuracy_b"] - got["accuracy_a"]
    text = paired.sentence(got, "A", "B", got["p"])
    assert text.startswith("B is better than A by 81.8 points")
    assert text.endswith("50 clips in 11 groups, each group counting once; -20.0 by clip).")


def test_a_difference_of_nothing_has_no_minus():
    right = [1, 0] * 10
    got = paired.compare(results(right, range(20)), results(right, range(20)))
    assert "(+0.0 points, 95 % interval -16.1 to +16.1, p = 1.00" in paired.sentence(got, "A", "B", 1)
    assert "(+0.0 points" in paired.sentence(got | {"difference": -1e-9}, "A", "B", 1)
