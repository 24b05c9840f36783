"""Intervals of one number each: share of clips, macro recall, mean over folds, macro F1; by hand and numerically."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference
from scipy.special import expit, logit
from sklearn import metrics as scikit

from darkhar_cli.metrics import statistics
from tests.helpers.recordings import crossing, nested

NAN = pytest.approx((np.nan, np.nan), nan_ok=True)
ACTIONS = np.array(["jump", "run", "sit", "stand", "turn", "walk"])


def ends(value, error, freedom):
    """Return the interval on the logit scale, written out with SciPy's logit."""
    half = reference.t.ppf(0.975, freedom) * error / (value * (1 - value))
    return pytest.approx((expit(logit(value) - half), expit(logit(value) + half)))


# the share of clips


def test_the_share_of_six_recordings_by_hand():
    sizes, right = [2, 4, 6, 3, 5, 10], [2, 2, 3, 3, 5, 6]
    flags = np.concatenate([np.arange(n) < k for n, k in zip(sizes, right, strict=True)])
    found = statistics.share_interval(flags, np.repeat(list("abcdef"), sizes))
    # 21 of 30: .7; residuals k - .7 n: .6, -.8, -1.2, .9, 1.5, -1; squares sum to 6.5; 6/5 * 6.5 / 900
    assert found.value == pytest.approx(0.7)
    assert (found.low, found.high) == ends(0.7, np.sqrt(1.2 * 6.5) / 30, 5)
    assert (found.method, found.groups) == ("cluster-robust over 6 groups", 6)


def test_the_interval_is_of_the_share_and_not_of_a_mean_over_recordings():
    sizes = np.array([60, 5, 5, 5, 5, 5])  # the long recording is wrong, the short ones are right
    flags = np.repeat([0.5, 1, 1, 1, 0.8, 1], sizes)
    found = statistics.share_interval(flags, np.repeat(list("abcdef"), sizes))
    assert found.value == pytest.approx(flags.mean())
    assert found.low < flags.mean() < found.high
    assert flags.mean() < 0.65 < np.mean([0.5, 1, 1, 1, 0.8, 1])


def test_the_share_of_equal_recordings_is_students_on_the_logit_scale():
    rng = np.random.default_rng(0)
    right = rng.random((12, 5)) < 0.6
    means = right.mean(axis=1)
    found = statistics.share_interval(right.ravel(), np.repeat(np.arange(12), 5))
    assert (found.low, found.high) == ends(means.mean(), reference.sem(means), 11)


@pytest.mark.parametrize("groups", [None, [""] * 96, [np.nan] * 96])
def test_without_groups_it_is_wilsons_and_says_so(groups):
    found = statistics.share_interval(np.arange(96) < 14, groups)
    assert (found.low, found.high) == statistics.wilson(14, 96)
    assert (found.method, found.groups) == ("Wilson, clips taken as independent", 96)
    assert statistics.share_interval(np.full(96, 13.4 / 96), groups).low == statistics.wilson(13.4, 96)[0]


def test_clips_without_a_group_are_a_group_each():
    right, singles = [1, 0, 0, 1, 1, 0, 1], ["a", "", "", "a", "b", "b", "c"]
    named = statistics.share_interval(right, ["a", "x", "y", "a", "b", "b", "c"])
    assert named.method == "cluster-robust over 5 groups"
    for others in (singles, ["a", None, np.nan, "a", "b", "b", "c"], pd.Series(["a", None, None, "a", "b", "b", "c"])):
        assert statistics.share_interval(right, others) == named


# too few, and all alike


@pytest.mark.parametrize("n", [1, 2, 4])
def test_fewer_than_five_groups_have_no_interval(n):
    labels, groups, right = np.tile(["sit", "stand"], 10), np.arange(20) % n, np.arange(20) % 3 > 0
    found = [statistics.share_interval(right, groups), statistics.recall_interval(right, labels, groups)]
    found.append(statistics.fold_recall_interval(right, labels, np.arange(20) // 10, groups))
    found.append(statistics.f1_interval(np.eye(2)[np.arange(20) % 2], np.arange(20) // 2 % 2, groups))
    for each in found:
        assert (each.low, each.high) == NAN
        assert 0 < each.value < 1
        assert (each.method, each.groups) == (f"too few groups for an interval ({n})", n)


def test_nothing_has_no_interval():
    none = [
        statistics.share_interval([], []),
        statistics.recall_interval([], [], []),
        statistics.f1_interval(np.empty((0, 2)), [], []),
    ]
    for each in (*none, statistics.fold_recall_interval([], [], [], [])):
        assert np.isnan(each.value)
        assert (each.low, each.high) == NAN
        assert each.groups == 0


@pytest.mark.parametrize("value", [0, 1])
def test_groups_all_right_or_all_wrong_get_wilson_over_groups(value):
    right, labels, codes = nested(np.random.default_rng(0))
    right[:] = value
    said = np.eye(6)[(labels + 1 - value) % 6]
    for found in (
        statistics.share_interval(right, codes),
        statistics.recall_interval(right, ACTIONS[labels], codes),
        statistics.fold_recall_interval(right, labels, codes % 2, codes),
        statistics.f1_interval(said, labels, codes),
    ):
        assert (found.low, found.high) == pytest.approx(statistics.wilson(15 * value, 15))
        assert found.high - found.low > 0.2
        assert found.method == "cluster-robust over 15 groups, all equal"


def test_hardly_any_degree_of_freedom_says_hardly_anything():
    right = np.array([1] * 999 + [0] + [1] * 8)
    labels, groups = np.repeat(["run", "sit"], [1000, 8]), np.repeat(list("abcde"), [998, 2, 2, 3, 3])
    found = statistics.recall_interval(right, labels, groups)
    assert found.value == pytest.approx(0.9995)
    assert 0 <= found.low < 0.01
    assert 0.9999 < found.high <= 1


def test_equal_groups_never_have_an_interval_of_no_width():
    found = statistics.share_interval([0, 1] * 15, np.repeat(np.arange(15), 2))
    assert found.low < 0.42
    assert found.high > 0.58
    few, many = (statistics.share_interval(np.ones(n), np.arange(n).astype(str)) for n in (5, 50))
    assert few.high - few.low > 4 * (many.high - many.low) > 0


# macro recall


@pytest.mark.parametrize("make", [nested, crossing])
def test_macro_recall_is_scikit_learns_balanced_accuracy(make):
    right, labels, codes = make(np.random.default_rng(1))
    found = statistics.recall_interval(right, ACTIONS[labels], codes)
    said = np.where(right > 0, labels, (labels + 1) % 6)
    assert found.value == pytest.approx(scikit.recall_score(labels, said, average="macro", labels=np.unique(labels)))
    assert found.low < found.value < found.high


def test_macro_recall_of_two_classes_of_three_recordings_by_hand():
    sizes, right = [4, 4, 2, 5, 3, 2], [4, 2, 1, 3, 3, 0]
    flags = np.concatenate([np.arange(n) < k for n, k in zip(sizes, right, strict=True)])
    labels, names = np.repeat(["sit", "stand"], 10), np.repeat(list("abcdef"), sizes)
    found = statistics.recall_interval(flags, labels, names)
    # recalls .7 and .6; without a: 3/6, b: 5/6, c: 6/8; without d: 3/5, e: 3/7, f: 6/8
    variance = 2 / 3 * ((0.5 - 0.7) ** 2 + (5 / 6 - 0.7) ** 2 + (0.75 - 0.7) ** 2) / 4
    variance += 2 / 3 * ((0.6 - 0.6) ** 2 + (3 / 7 - 0.6) ** 2 + (0.75 - 0.6) ** 2) / 4
    assert found.value == pytest.approx(0.65)
    assert (found.low, found.high) == ends(0.65, np.sqrt(variance), 4)


def test_classes_of_one_recording_each_have_an_interval():
    right, labels = np.tile([1, 1, 0], 6), np.repeat(ACTIONS, 3)
    right[0] = 0
    found = statistics.recall_interval(right, labels, labels)
    recalls = right.reshape(6, 3).mean(axis=1)
    assert (found.low, found.high) == ends(recalls.mean(), reference.sem(recalls), 5)


def test_without_groups_macro_recall_takes_clips_as_independent():
    right, labels, _ = nested(np.random.default_rng(0))
    found = statistics.recall_interval(right, labels, None)
    assert (found.method, found.groups) == ("clips taken as independent", 150)
    counts, recalls = np.bincount(labels), np.bincount(labels, right) / np.bincount(labels)
    variance = (recalls * (1 - recalls) / (counts - 1)).sum() / 36
    assert (found.low, found.high) == ends(recalls.mean(), np.sqrt(variance), 144)


# the mean over folds


def test_the_mean_over_folds_is_theirs_and_of_one_fold_the_macro_recall():
    rng = np.random.default_rng(0)
    right, labels, codes = crossing(rng)
    folds = rng.integers(0, 4, 150)
    found = statistics.fold_recall_interval(right, labels, folds, codes)
    table = pd.DataFrame({"right": right, "label": labels, "fold": folds})
    expected = table.groupby(["fold", "label"])["right"].mean().groupby("fold").mean().mean()
    assert found.value == pytest.approx(expected)
    once, plain = (
        statistics.fold_recall_interval(right, labels, np.zeros(150), codes),
        statistics.recall_interval(right, labels, codes),
    )
    assert (once.value, once.low, once.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_folds_of_one_recording_per_class_vary_as_the_recordings_do():
    right, labels, codes = nested(np.random.default_rng(3))
    first = np.unique(codes, return_index=True)[1]
    of_class = labels[first]
    rng = np.random.default_rng(4)
    held_out = [[rng.choice(np.flatnonzero(of_class == k)) for k in range(6)] for _ in range(24)]
    rows = [np.flatnonzero(np.isin(codes, chosen)) for chosen in held_out]
    folds, rows = np.repeat(np.arange(24), [len(part) for part in rows]), np.concatenate(rows)
    found = statistics.fold_recall_interval(right[rows], labels[rows], folds, codes[rows])
    recalls = np.bincount(codes, right) / np.bincount(codes)
    times = np.bincount(np.concatenate(held_out), minlength=15)  # how often each recording is held out
    variance = 0
    for k in range(6):
        inside = of_class == k
        means = [
            np.average(recalls[inside & (np.arange(15) != g)], weights=times[inside & (np.arange(15) != g)])
            for g in np.flatnonzero(inside)
        ]
        changes = np.array(means) - np.average(recalls[inside], weights=times[inside])
        variance += (len(means) - 1) / len(means) * (changes**2).sum() / 36
    assert found.value == pytest.approx(np.mean([recalls[chosen].mean() for chosen in held_out]))
    assert (found.low, found.high) == ends(found.value, np.sqrt(variance), 9)


def test_a_clip_scored_again_and_again_is_no_new_evidence():
    right, labels, codes = nested(np.random.default_rng(0))
    once = statistics.fold_recall_interval(right, labels, np.zeros(150), codes)
    often = statistics.fold_recall_interval(
        np.tile(right, 9), np.tile(labels, 9), np.repeat(np.arange(9), 150), np.tile(codes, 9)
    )
    assert (often.value, often.low, often.high) == pytest.approx((once.value, once.low, once.high))
    by = statistics.clusters(150, None).of(np.tile(np.arange(150), 9))
    alone = statistics.fold_recall_interval(np.tile(right, 9), np.tile(labels, 9), np.repeat(np.arange(9), 150), by)
    assert (alone.low, alone.high) == pytest.approx(
        (statistics.recall_interval(right, labels, None).low, statistics.recall_interval(right, labels, None).high)
    )
    assert alone.groups == 150


# macro F1


def macro_f1(weights, labels, said):
    """Return macro F1 of weighted clips (N,), the weights of each class scaled to its number of clips."""
    scaled = weights * (np.bincount(labels) / np.bincount(labels, weights))[labels]
    return scikit.f1_score(labels, said, average="macro", sample_weight=scaled, labels=np.unique(labels))


def mistaken(right, labels, rng):
    other = (labels + rng.integers(1, labels.max() + 1, len(labels))) % (labels.max() + 1)
    return np.where(right > 0, labels, other)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [nested, crossing])
def test_macro_f1_is_linearised_as_numerical_derivatives_say(make, seed):
    rng = np.random.default_rng(seed)
    right, labels, codes = make(rng)
    said, n = mistaken(right, labels, rng), int(codes.max()) + 1
    found = statistics.f1_interval(np.eye(labels.max() + 1)[said], labels, codes)
    assert found.value == pytest.approx(macro_f1(np.ones(150), labels, said))
    changes = np.zeros(n)
    for cluster, k in {(int(c), int(k)) for c, k in zip(codes, labels, strict=True)}:
        cell = (codes == cluster) & (labels == k)
        slope = macro_f1(1 + 1e-5 * cell, labels, said) - macro_f1(1 - 1e-5 * cell, labels, said)
        changes[cluster] += slope / 2e-5 / (1 - cell.sum() / (labels == k).sum())
    strata = np.repeat(np.arange(6), [2, 2, 3, 4, 2, 2]) if make is nested else np.zeros(n, int)
    counts = np.bincount(strata)
    variance = ((counts - 1) / counts * np.bincount(strata, changes**2)).sum()
    free = (counts - 1)[np.bincount(strata, changes**2) > 1e-12].sum()
    low, high = ends(found.value, np.sqrt(variance), free).expected
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-4)


def test_macro_f1_is_near_what_leaving_each_recording_out_gives():
    rng = np.random.default_rng(0)
    right, labels, codes = crossing(rng, groups=20)
    said = mistaken(right, labels, rng)
    found = statistics.f1_interval(np.eye(4)[said], labels, codes)
    changes = np.array([macro_f1((codes != g).astype(float), labels, said) for g in range(20)]) - found.value
    low, high = ends(found.value, np.sqrt(19 / 20 * (changes**2).sum()), 19).expected
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)


def test_a_class_that_does_not_occur_counts_for_nothing_but_its_wrong_predictions():
    labels, said = np.repeat([0, 1], 12), np.array([0] * 8 + [2] * 4 + [1] * 9 + [0] * 3)
    found = statistics.f1_interval(np.eye(3)[said], labels, np.arange(24) // 2)
    assert found.value == pytest.approx((2 * 8 / (12 + 11) + 2 * 9 / (12 + 9)) / 2)
    assert 0 < found.low < found.value < found.high < 1
