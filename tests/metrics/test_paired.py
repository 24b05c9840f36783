"""Paired tests and corrections; two results compared, and the sentence that may be said of them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference
from sklearn.metrics import recall_score

from darkhar_cli.errors import BadRequest
from darkhar_cli.metrics import cluster_robust, evidence, paired
from tests.helpers.worlds import enumerated, group_sizes, results

GROUPS = np.repeat(["a", "b", "c", "d"], [1, 2, 5, 40])  # of very different size


@pytest.mark.parametrize("seed", range(8))
def test_sign_flip_goes_through_every_pattern_of_signs(seed):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(9).astype(str), group_sizes(rng, 9, 40))
    differences = rng.integers(-1, 2, 40) + (rng.random(40) < 0.2 * (seed % 3))
    adds = pd.Series(differences).groupby(groups).sum().to_numpy()
    assert paired.sign_flip(adds) == pytest.approx(enumerated(adds))
    assert paired.sign_flip(adds[rng.permutation(9)]) == paired.sign_flip(adds)
    assert paired.sign_flip(-adds) == paired.sign_flip(adds)


def test_sign_flip_counts_ties_that_rounding_parts():
    differences = [1 / 5, 2 / 3, 3 / 5, -1 / 11, 3 / 10, -2 / 3, -1]  # their sum is near 0, and reached in many ways
    assert paired.sign_flip(differences) == enumerated(differences) == 1
    assert paired.sign_flip([0.1, 0.2, -0.3, 0.7, 0.7]) == 2 * 5 / 2**5  # 0.1 + 0.2 - 0.3 is 5.6e-17


def test_sign_flip_by_clip_is_mcnemars_test():
    for better, worse in [(5, 0), (9, 2), (7, 7), (3, 10), (1, 0)]:
        differences = np.repeat([1, -1, 0], [better, worse, 200])
        assert paired.sign_flip(differences) == pytest.approx(reference.binomtest(better, better + worse).pvalue)


def test_the_least_p_is_that_of_two_patterns_of_all():
    for n in (2, 5, 6, 8, 16):
        assert paired.sign_flip(np.full(n, 3.0)) == pytest.approx(2 / 2**n)
    assert paired.holm([2 / 2**8] * 8).min() > paired.ALPHA > paired.holm([2 / 2**9] * 8).max()


def test_no_difference_is_p_of_one():
    assert paired.sign_flip(np.zeros(48)) == 1
    assert paired.sign_flip([1]) == paired.sign_flip([2, 0]) == paired.sign_flip([0]) == 1
    assert np.isnan(paired.sign_flip([]))


def test_many_units_are_sampled_alike_each_time(monkeypatch):
    rng = np.random.default_rng(0)
    differences = rng.normal(0.4, 1, 12)
    exact = paired.sign_flip(differences)
    assert 0.05 < exact < 0.95
    monkeypatch.setattr(paired, "EXACT_UNITS", 11)
    monkeypatch.setattr(paired, "RESAMPLES", 3999)  # below 2**12, or SciPy would enumerate all the same
    sampled = paired.sign_flip(differences)
    assert sampled == paired.sign_flip(rng.permutation(differences))
    assert sampled != exact
    assert sampled == pytest.approx(exact, abs=4 * np.sqrt(exact / 3999))
    assert paired.sign_flip(np.ones(2000)) == 2 / 4000  # never 0


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


def test_how_many_units_must_differ():
    for comparisons in (1, 2, 8, 30):
        least = paired.least_units(comparisons)
        assert comparisons * 2 / 2**least < paired.ALPHA <= comparisons * 2 / 2 ** (least - 1)


# two results compared


def balanced(rng, per_class=(3, 9, 18), groups=10, gain=0.0):
    """Return tables of two models over clips of classes of other sizes, in groups of several classes."""
    labels = np.repeat(["run", "sit", "walk"], per_class)
    where = rng.integers(0, groups, len(labels))
    ease = rng.normal(0, 1, groups)[where]
    rights = [ease + extra + rng.normal(0, 1, len(labels)) > 0 for extra in (0.0, gain)]
    return [results(right, [f"g{i}" for i in where], labels=labels) for right in rights]


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_is_one_quantity_with_its_own_interval_and_test(seed):
    a, b = balanced(np.random.default_rng(seed), gain=0.8)
    got = paired.compare([a], [b])
    recalls = [
        recall_score(
            t["label"],
            t["label"].where(t["right"] == 1, "none"),
            average=None,
            labels=["run", "sit", "walk"],
            zero_division=0,
        ).mean()
        for t in (a, b)
    ]
    assert (got.a.value, got.b.value) == pytest.approx(tuple(recalls))
    assert got.recall.value == pytest.approx(recalls[1] - recalls[0])
    assert got.share.value == pytest.approx(b["right"].mean() - a["right"].mean())
    weight = 1 / (3 * a.groupby("label")["label"].transform("size"))
    adds = (weight * (b["right"] - a["right"])).groupby(a["group"]).sum()
    assert adds.sum() == pytest.approx(got.recall.value)
    assert got.p == pytest.approx(enumerated(adds))
    assert got.differing == (adds.abs() > 1e-9).sum()
    changed = (a["right"] != b["right"]).groupby(a["group"]).any()
    assert got.cancelling == (changed & (adds.abs() < 1e-9)).sum()
    assert got.mcnemar == paired.mcnemar(a["right"], b["right"])
    low, high = got.recall.interval()
    codes = [pd.factorize(a[key], sort=True)[0] for key in ("label", "group")]
    error, freedom = cluster_robust.stratified_error((b["right"] - a["right"]).to_numpy() / 3, np.ones(30), *codes)
    worth = 1 / (weight.groupby(a["group"]).sum() ** 2).sum()
    half = reference.t.ppf(0.975, min(freedom, worth - 1)) * error
    assert (low, high) == pytest.approx((recalls[1] - recalls[0] - half, recalls[1] - recalls[0] + half))
    back = paired.compare([b], [a])
    assert (back.recall.value, back.p) == (pytest.approx(-got.recall.value), got.p)
    assert back.recall.interval() == pytest.approx((-high, -low))


def test_without_groups_backgrounds_are_the_units_and_else_clips():
    a, b = (table.assign(group="") for table in balanced(np.random.default_rng(0), gain=1))
    assert paired.compare([a], [b]).by.kind == "clip"
    a, b = (table.assign(scene=[f"scene {i % 8}" for i in range(30)]) for table in (a, b))
    got = paired.compare([a], [b])
    assert (got.by.kind, got.by.count) == ("background", 8)
    named, other = (table.assign(group=table["scene"], scene="") for table in (a, b))
    assert got.p == paired.compare([named], [other]).p
    mixed = [table.assign(group=["r1", "r2"] * 15) for table in (a, b)]
    assert paired.compare(*[[table] for table in mixed]).by.words == "2 groups", "groups come before backgrounds"


def test_backgrounds_are_those_of_the_first_run_that_knows_them():
    rng = np.random.default_rng(0)
    a, b = (table.assign(group="") for table in balanced(rng, gain=1))
    known = b.assign(scene=[f"scene {i % 8}" for i in range(30)])
    for without in (a, a.assign(scene=""), a.assign(scene=np.nan)):
        for pair in (([without], [known]), ([known], [without]), ([without, known], [known, known])):
            assert paired.compare(*pair).by.words == "8 backgrounds"
    given = paired.compare([a], [b], paired.clusters_of([known]))
    assert (given.by.words, given.p) == ("8 backgrounds", paired.compare([a], [known]).p)


@pytest.mark.parametrize("seeds", [1, 3])
def test_groups_whose_gains_and_losses_cancel_do_not_differ(seeds):
    a, b = (results(np.tile(right, 8), np.repeat(list("abcdefgh"), 2)) for right in ([1, 0], [0, 1]))
    got = paired.compare([a] * seeds, [b] * seeds)
    assert (got.differing, got.cancelling, got.p) == (0, 8, 1)
    assert np.isnan(got.smallest(1))
    text = "None of 8 groups differ between the two (in 8, gains and losses cancel out), and no test can decide by"
    assert f"{text} fewer than {6 if seeds == 1 else 5}." in evidence.sentence(got, "A", "B", got.p)


def test_by_clip_of_one_class_the_test_is_mcnemars():
    a, b = np.repeat([1, 0, 1], [10, 8, 1]), np.repeat([1, 1, 0], [10, 8, 1])
    got = paired.compare([results(a, [None] * 19)], [results(b, [np.nan] * 19)])
    assert (got.by.kind, got.recall.value) == ("clip", pytest.approx(7 / 19))
    assert got.p == pytest.approx(got.mcnemar) == pytest.approx(20 / 512)


def test_compare_of_nothing_and_of_one_clip():
    none = paired.compare([results([], [])], [results([], [])])
    assert none.n == 0
    assert np.isnan([none.a.value, none.recall.value, none.p]).all()
    assert evidence.sentence(none, "A", "B", np.nan) == "No clips to compare A and B by."
    one = paired.compare([results([0], ["a"])], [results([1], ["a"])])
    assert (one.recall.value, one.p) == (1, 1)
    assert np.isnan(one.recall.interval()).all()


def test_compare_refuses_other_clips_groups_labels_and_repeats():
    a = results([1, 0], ["x", "y"])
    others = [results([1, 0], ["x", "z"]), results([1, 0], ["x", "y"], ["clip 1", "clip 0"]), results([1], ["x"])]
    for other in [*others, results([1, 0], ["x", "y"], labels=["walk", "run"])]:
        with pytest.raises(BadRequest, match="same clips, groups and labels"):
            paired.compare([a], [other])
    twice = results([1, 0], ["x", "x"], ["one", "one"])
    with pytest.raises(BadRequest, match="'one' is scored twice"):
        paired.compare([twice], [twice])


def test_clips_scored_several_times_count_once_in_mcnemars_test():
    a = pd.DataFrame({"id": range(20), "group": "", "label": "walk", "right": 0.05})
    assert paired.compare([a], [a.assign(right=1.0)]).mcnemar < 1e-5
