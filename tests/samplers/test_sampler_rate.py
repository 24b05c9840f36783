"""The sampler `rate`: so many steps a second, windows, tempo, cuts, and what becomes of short clips."""

import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import key_of
from darkhar_cli.samplers.rate import Rate

KEYS = [key_of(0, epoch, "clip") for epoch in range(300)]


@pytest.mark.parametrize("n", [1, 2, 33, 105, 9000])
@pytest.mark.parametrize("clip_fps", [12.0, 25.0, 29.97, 30.0, 60.0])
@pytest.mark.parametrize("fps", [7.5, 20.0, 30.0, 48.0])
def test_the_whole_clip_at_another_rate(n, clip_fps, fps):
    positions, mask = Rate(fps=fps, steps=None)(n, clip_fps)
    times = np.arange(positions.shape[1]) / fps
    np.testing.assert_allclose(positions[0], times * clip_fps, rtol=2e-6, atol=1e-5)
    assert mask.all()
    assert n - 1 - positions[0, -1] < clip_fps / fps + 1e-3, "no further step fits"


def test_equal_rates_are_the_frames_themselves():
    for fps in (30.0, 29.97, 23.976):
        np.testing.assert_array_equal(Rate(fps=fps, steps=None)(105, fps)[0][0], np.arange(105))
    np.testing.assert_array_equal(Rate(fps=15, steps=None)(9, 30)[0][0], [0, 2, 4, 6, 8])
    np.testing.assert_array_equal(Rate(fps=9, steps=None)(11, 30)[0][0], np.float32([0, 10 / 3, 20 / 3, 10]))


@pytest.mark.parametrize("unknown", [None, 0, 0.0, float("nan")])
def test_an_unknown_rate_counts_as_30(unknown):
    np.testing.assert_array_equal(Rate(20.0, 8)(40, unknown)[0], Rate(20.0, 8)(40, 30.0)[0])


@pytest.mark.parametrize(("n", "steps"), [(105, 48), (33, 11), (34, 10), (12, 1)])
def test_scoring_takes_the_middle_window(n, steps):
    positions = Rate(fps=20, steps=steps)(n, 30.0)[0][0]
    has = int((n - 1) / 1.5) + 1
    np.testing.assert_array_equal(positions, ((has - steps) // 2 + np.arange(steps)) * 1.5)
    before, after = positions[0], n - 1 - positions[-1]
    assert abs(before - after) < 3, "within two steps of the very middle"


def test_training_takes_any_window():
    sampler = Rate(fps=15, steps=10)
    starts = [sampler(30, 30.0, training=True, key=key)[0][0, 0] for key in KEYS]
    assert sorted(set(starts)) == [0, 2, 4, 6, 8, 10]
    assert min(starts.count(start) for start in set(starts)) > 25


def test_training_cuts_both_ends():
    sampler = Rate(fps=30, steps=None, cut=0.15)
    drawn = [sampler(101, 30.0, training=True, key=key) for key in KEYS]
    heads = np.array([positions[0, 0] for positions, _ in drawn])
    tails = np.array([100 - positions[0, mask[0]][-1] for positions, mask in drawn])
    assert 0 <= heads.min() < 1
    assert 14 < heads.max() <= 15
    assert tails.max() < 16, "a share of at most .15, and less than a step"
    assert tails.max() > 14
    assert abs(np.corrcoef(heads, tails)[0, 1]) < 0.35
    np.testing.assert_allclose(heads.mean(), 7.5, atol=1)


def test_tempo_is_log_uniform_between_its_bounds():
    sampler = Rate(fps=30, steps=4, speed=0.15)
    tempos = []
    for key in KEYS:
        positions = sampler(105, 30.0, training=True, key=key)[0][0]
        steps = np.diff(positions)
        np.testing.assert_allclose(steps, steps.mean(), rtol=1e-4)
        tempos.append(steps.mean())
    assert 0.85 - 1e-4 <= min(tempos) < 0.86
    assert 1.16 < max(tempos) <= 1 / 0.85 + 1e-4
    assert abs(np.log(tempos).mean()) < 0.02
    assert abs(np.log(tempos).std() - np.log(1 / 0.85) / np.sqrt(3)) < 0.01


def test_the_whole_clip_at_any_tempo_has_one_length_and_a_mask():
    sampler = Rate(fps=30, steps=None, speed=0.5)
    drawn = [sampler(41, 30.0, training=True, key=key) for key in KEYS]
    assert {positions.shape for positions, _ in drawn} == {(1, 81)}
    lengths = [mask.sum() for _, mask in drawn]
    assert min(lengths) in range(21, 23)
    assert max(lengths) in range(79, 82)
    assert sampler(41, 30.0)[0].shape == (1, 41)


def test_a_short_clip_is_padded_at_its_end():
    positions, mask = Rate(fps=20, steps=6)(5, 30.0)
    np.testing.assert_array_equal(positions, [[0, 1.5, 3, 3, 3, 3]])
    np.testing.assert_array_equal(mask, [[True, True, True, False, False, False]])


def test_or_refused():
    sampler = Rate(fps=20, steps=6, short="error")
    with pytest.raises(BadRequest, match=r"5 frames has fewer steps at sampler\.fps=20 than sampler\.steps=6"):
        sampler(5, 30.0)
    with pytest.raises(BadRequest, match="fewer steps"):
        sampler(8, 30.0, training=True)
    assert sampler(9, 30.0)[1].sum() == 6
    assert sampler(8, 25.0)[1].sum() == 6
    lengths, rates = np.array([8, 9, 8]), np.array([30, 30, 25])
    np.testing.assert_array_equal(sampler.is_short(np, lengths, rates), [True, False, False])
    strict = Rate(fps=20, steps=6, speed=0.5, short="error")  # what is refused is the clip, not the tempo drawn
    assert min(strict(9, 30.0, training=True, key=key)[1].sum() for key in KEYS) < 6


def test_counts_of_many_clips():
    sampler = Rate(fps=20, steps=None)
    np.testing.assert_array_equal(sampler.count(np, np.array([5, 40]), np.array([30.0, 0.0])), [3, 27])
    assert sampler.count(np, 40) == 27
    assert Rate(fps=20, steps=6).count(np, np.array([5, 40])) == 6
