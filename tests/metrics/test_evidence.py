"""What is said of a comparison, and why nothing can be said where that is so."""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli.metrics import evidence, paired
from darkhar_cli.metrics.replicates import Crossed
from darkhar_cli.metrics.statistics import Clusters
from tests.helpers.worlds import results


def found(recall=0.021, error=0.024, seeds=1, clusters=15, kind="group", differing=12, share=0.03, level=0.6):
    """Return a difference of 150 clips."""
    freedom = clusters - 1.0
    by = Clusters(np.arange(150) % clusters, kind)
    levels = [Crossed(value, np.full(seeds, value), 0.05, freedom, clusters) for value in (level, level + recall)]
    differences = [Crossed(value, np.full(seeds, value), error, freedom, clusters) for value in (recall, share)]
    return paired.Difference(seeds, 150, by, *levels, *differences, 0.4, differing, 0.001)


def test_no_evidence_between_two_trained_models():
    text = evidence.sentence(found(), "A", "B", 0.41)
    facts = "95 % interval -3.0 to +7.2, p = 0.41, 150 clips in 15 groups, share of clips +3.0"
    first = (
        f"No evidence of a difference between A and B, these two trained models (+2.1 points of macro recall, {facts})."
    )
    assert text.startswith(first)
    assert text.endswith("(80 % power) is 7.2 points.")


def test_a_win_is_the_winners_whoever_is_named_first():
    facts = "95 % interval +2.9 to +13.1, p = 0.012, 150 clips in 15 groups, share of clips +9.0"
    expected = f"Of these two trained models, B is better than A by 8.0 points of macro recall ({facts})."
    assert evidence.sentence(found(0.08, share=0.09), "A", "B", 0.012) == expected
    assert evidence.sentence(found(-0.08, share=-0.09), "B", "A", 0.012) == expected
    assert evidence.verdict(found(0.08), 0.012) == "better model"
    assert evidence.verdict(found(-0.08), 0.012) == "worse model"
    assert evidence.verdict(found(0.08), 0.05) == "no evidence"


def test_with_several_seeds_it_is_about_the_methods():
    text = evidence.sentence(found(0.08, seeds=5), "A", "B", 0.0001)
    assert text.startswith("B is better than A by 8.0 points of macro recall (")
    assert "p < 0.001, 5 seeds, 150 clips in 15 groups" in text
    assert evidence.verdict(found(0.08, seeds=5), 0.01) == "better"


def test_only_the_adjusted_p_decides():
    for p in (0.05, 0.3, 1.0, np.nan):
        assert evidence.sentence(found(0.08), "A", "B", p).startswith("No evidence of a difference between A and B")
    assert "p = 0.0499," in evidence.sentence(found(0.001), "A", "B", 0.0499)
    assert "B is better than A by 0.1 points" in evidence.sentence(found(0.001), "A", "B", 0.0499)


def test_a_difference_of_nothing_has_no_minus():
    assert "(+0.0 points of macro recall" in evidence.sentence(found(-1e-9), "A", "B", 1)


def test_what_clips_rest_on():
    assert "150 clips taken as independent" in evidence.sentence(found(kind="clip", clusters=150), "A", "B", 1)
    text = evidence.sentence(found(kind="background"), "A", "B", 1)
    assert "150 clips in 15 backgrounds; no groups are known, so this may be too sure" in text
    assert "no interval of fewer than 5 groups" in evidence.sentence(found(clusters=4, differing=3), "A", "B", 1)


@pytest.mark.parametrize(
    ("differing", "seeds", "comparisons", "said"),
    [
        (1, 1, 1, "Only 1 of 8 groups differs between the two, and no test can decide by fewer than 6."),
        (5, 1, 1, "Only 5 of 8 groups differ between the two, and no test can decide by fewer than 6."),
        (0, 1, 1, "None of 8 groups differ between the two, and no test can decide by fewer than 6."),
        (8, 1, 8, "8 groups cannot decide it: no test can by fewer than 9."),
        (4, 3, 1, "Only 4 of 8 groups differ between the two, and no test can decide by fewer than 5."),
    ],
)
def test_too_little_differs_for_any_test(differing, seeds, comparisons, said):
    text = evidence.sentence(found(clusters=8, differing=differing, seeds=seeds), "A", "B", 1, comparisons)
    assert text.endswith(said)
    assert "80 % power" not in text, "what no test can decide has no smallest difference"


def test_the_smallest_difference_is_none_where_no_test_can_decide_and_more_of_few_groups():
    assert np.isnan(found(clusters=8, differing=5).smallest(1))
    assert np.isnan(found(clusters=8, differing=8).smallest(8))
    assert found(clusters=8, differing=8, seeds=3).smallest(1) == pytest.approx((2.3646 + 0.8960) * 0.024, rel=1e-4)
    exact = reference.norm.ppf(0.8 ** (1 / 6)) * np.sqrt(6) * 0.024  # all of six must have one sign
    assert found(clusters=6, differing=6).smallest(1) == pytest.approx(exact, rel=0.03)


def test_too_little_differs_says_so_of_real_tables():
    right = np.zeros(40)
    groups = [f"g{i // 5}" for i in range(40)]
    other = right.copy()
    other[:5] = 1
    difference = paired.compare([results(right, groups)], [results(other, groups)])
    assert "Only 1 of 8 groups differs" in evidence.sentence(difference, "A", "B", difference.p)


def test_neither_above_chance():
    said = "Neither is shown to be above chance (16.7 %)."
    assert said in evidence.sentence(found(level=0.18), "A", "B", 1, chance=1 / 6)
    assert said not in evidence.sentence(found(level=0.6), "A", "B", 1, chance=1 / 6)
    assert said not in evidence.sentence(found(level=0.18), "A", "B", 1)
    assert said in evidence.sentence(found(level=0.6, clusters=4), "A", "B", 1, chance=1 / 6), "no interval shows it"


def test_more_comparisons_need_a_larger_difference():
    one, many = (evidence.reasons(found(), n, np.nan)[-1] for n in (1, 8))
    assert float(one.split()[-2]) < float(many.split()[-2])
    assert "not even one of 100 points" in evidence.reasons(found(error=0.5), 1, np.nan)[-1]
