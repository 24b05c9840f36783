"""How often the intervals of clustered clips hold the truth, in drawn recordings whose truth is known.

Recordings have the sizes of 150 real dark clips, each of one action; a recording's clips are right with a probability
of its own (beta), so that they correlate by `icc`. Drawn by the thousand, so the formulas stand here once more, over
(draws, recordings); that they are the program's is tested on single draws.
"""

import numpy as np
import pytest
from scipy import stats as reference

from darkhar_cli.metrics import statistics

REAL = [[11, 14], [19, 6], [13, 8, 4], [4, 7, 9, 5], [21, 4], [13, 12]]
WORLDS = {10: [[11, 14], [19, 6], [13, 8], [21, 4], [13, 12]], 15: REAL, 30: [sizes * 2 for sizes in REAL]}
DRAWS = 40_000
MEANS = (0.5, 0.8, 0.9, 0.95)


def drawn(groups: int, mean: float, icc: float, draws: int = DRAWS) -> np.ndarray:
    """Return how many clips of each recording are right (draws, groups)."""
    rng, strength = np.random.default_rng(groups), (1 - icc) / icc
    sizes = np.concatenate(WORLDS[groups])
    return rng.binomial(sizes, rng.beta(mean * strength, (1 - mean) * strength, (draws, groups)))


def share(right: np.ndarray, groups: int):
    """Return share of clips, its error and degrees of freedom, of each draw."""
    sizes = np.concatenate(WORLDS[groups])
    value = right.sum(axis=1) / sizes.sum()
    squares = ((right - value[:, None] * sizes) ** 2).sum(axis=1)
    return value, np.sqrt(groups / (groups - 1) * squares) / sizes.sum(), groups - 1


def recall(right: np.ndarray, groups: int, jackknife: bool = True):
    """Return macro recall, its error and degrees of freedom: by leaving recordings out, or by plain residuals."""
    value, variance, at, freedom, classes = 0.0, 0.0, 0, 0, WORLDS[groups]
    for sizes in map(np.array, classes):
        part, at, n = right[:, at : at + len(sizes)], at + len(sizes), len(sizes)
        of_class = part.sum(axis=1, keepdims=True) / sizes.sum()
        residual = (part - of_class * sizes) / ((sizes.sum() - sizes) if jackknife else sizes.sum())
        value = value + of_class[:, 0] / len(classes)
        factor = (n - 1) / n if jackknife else n / (n - 1)
        squares = (residual**2).sum(axis=1)
        variance = variance + factor * squares / len(classes) ** 2
        freedom = freedom + (n - 1) * (squares > 1e-24)  # recordings that are all alike say nothing of the error
    return value, np.sqrt(variance), np.maximum(freedom, 1) if jackknife else groups - len(classes)


def on_logits(value: np.ndarray, error: np.ndarray, freedom: int | np.ndarray, groups: int):
    """Return the lower and upper ends; of draws without any spread, Wilson's of as many groups, all alike."""
    flat, unseen = error < 1e-12, statistics.wilson(0, groups)[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        half = reference.t.ppf(0.975, freedom) * error / (value * (1 - value))
        low, high = (1 / (1 + (1 / value - 1) * np.exp(sign * half)) for sign in (1, -1))
    return np.where(flat, value * (1 - unseen), low), np.where(flat, value + unseen * (1 - value), high)


def over_means(right: np.ndarray, groups: int):
    """Return Student's t interval over the recordings' means, each counting once."""
    means = right / np.concatenate(WORLDS[groups])
    value, unseen = means.mean(axis=1), statistics.wilson(0, groups)[1]
    half = reference.t.ppf(0.975, groups - 1) * means.std(axis=1, ddof=1) / np.sqrt(groups)
    flat = np.ptp(means, axis=1) < 1e-12
    return np.where(flat, value * (1 - unseen), value - half), np.where(
        flat, value + unseen * (1 - value), value + half
    )


def coverage(ends, mean: float) -> float:
    return float(((ends[0] <= mean) & (mean <= ends[1])).mean())


@pytest.mark.parametrize("icc", [0.1, 0.3])
@pytest.mark.parametrize("groups", WORLDS)
@pytest.mark.parametrize("number", [share, recall])
def test_95_percent_intervals_hold_in_93_to_99_percent(number, groups, icc):
    for mean in MEANS:
        held = coverage(on_logits(*number(drawn(groups, mean, icc), groups), groups), mean)
        least, most = (
            (0.90, 1.0) if (mean, icc) == (0.95, 0.3) else (0.92, 0.985) if number is share else (0.935, 0.985)
        )
        assert least <= held <= most, (number.__name__, groups, icc, mean, held)


@pytest.mark.parametrize("groups", WORLDS)
def test_single_draws_are_the_programs(groups):
    sizes = np.concatenate(WORLDS[groups])
    labels = np.repeat(np.arange(len(WORLDS[groups])), [sum(part) for part in WORLDS[groups]])
    names = np.repeat(np.arange(groups).astype(str), sizes)
    counts = np.concatenate([drawn(groups, mean, 0.3, 8) for mean in MEANS] + [[sizes], [0 * sizes]])
    ends = [np.transpose(on_logits(*number(counts, groups), groups)) for number in (share, recall)]
    for each, *expected in zip(counts, *ends, strict=True):
        right = np.concatenate([np.arange(n) < k for n, k in zip(sizes, each, strict=True)])
        for found, end in zip(
            (statistics.share_interval(right, names), statistics.recall_interval(right, labels, names)),
            expected,
            strict=True,
        ):
            assert (found.low, found.high) == pytest.approx(tuple(end))


def test_a_t_interval_over_group_means_is_too_narrow_near_one():
    cells = [coverage(over_means(drawn(g, p, i), g), p) for g in (10, 15) for i in (0.1, 0.3) for p in (0.9, 0.95)]
    assert 0.84 < min(cells) < max(cells) < 0.92


def test_residuals_that_know_nothing_of_their_own_weight_are_too_narrow_for_macro_recall():
    cells = [coverage(on_logits(*recall(drawn(15, p, 0.3), 15, False), 15), p) for p in MEANS]
    assert 0.87 < min(cells) < max(cells) < 0.92


def test_wilson_by_clip_is_far_too_narrow_where_clips_of_a_recording_go_together():
    ends = np.array([statistics.wilson(k, 150) for k in range(151)]).T
    held = [coverage(ends[:, drawn(15, mean, 0.3).sum(axis=1)], mean) for mean in MEANS]
    assert 0.55 < min(held) < max(held) < 0.72


@pytest.mark.parametrize("icc", [0.1, 0.3])
def test_macro_f1_and_recordings_of_several_classes_hold_too(icc):
    rng, mean, held, draws = np.random.default_rng(0), 0.85, np.zeros(2), 400
    labels, codes = np.repeat(np.arange(6), 25), np.repeat(np.arange(15), np.concatenate(REAL))
    crossing = rng.integers(0, 12, 150)  # of any class
    taken = mean * 25 + (1 - mean) * 125 / 5  # wrong clips are taken for any other class
    truth = 2 * mean * 25 / (25 + taken), mean
    for _ in range(draws):
        own, shared = (rng.beta(mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc, n) for n in (15, 12))
        said = np.where(rng.random(150) < own[codes], labels, (labels + rng.integers(1, 6, 150)) % 6)
        f1 = statistics.f1_interval(np.eye(6)[said], labels, codes)
        recall = statistics.recall_interval(rng.random(150) < shared[crossing], labels, crossing)
        held += [each.low <= value <= each.high for each, value in zip((f1, recall), truth, strict=True)]
    assert (held / draws).min() >= 0.92
    assert (held / draws).max() <= 0.98
