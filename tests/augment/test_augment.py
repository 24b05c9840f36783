"""Every augmentation keeps the contract; those of timelines, and mirror and reverse, are exact."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from darkhar_cli import registry
from darkhar_cli.augment.contract import Draw, bounds
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.channels import Channel, Symmetry
from tests.helpers.augmented_clips import CLIP, NAMES, TIMELINE, draws_of

DRAWN = [name for name in NAMES if not registry.get("augment", name)().outcomes]
SYMMETRY = Symmetry.of(
    [
        Channel("left", "right", mirror_sign=-1.0, mirror_offset=1.0),
        Channel("right", "left", mirror_sign=-1.0, mirror_offset=1.0),
        Channel("speed", reverse_sign=-1.0),
    ]
)


@pytest.fixture(scope="module")
def made():
    """Every augmentation, built once: those on frames trace their graphs."""
    return {name: registry.get("augment", name)() for name in NAMES}


def turned(step, outcome, draw):
    """Return what becomes of the timeline and of the frames."""
    return step.timeline(TIMELINE, SYMMETRY, outcome, draw), step.frames(CLIP, outcome, draw)


@pytest.mark.parametrize("name", NAMES)
def test_the_contract(name, made):
    step, before = made[name], (TIMELINE.copy(), CLIP.copy())
    for draw in draws_of(name, 6):
        assert 0 <= step.choose(draw) < max(1, step.outcomes)
        for outcome in range(max(1, step.outcomes)):
            once, again = turned(step, outcome, draw), turned(step, outcome, Draw(draw.seed, draw.epoch, draw.clip))
            for given, found, same in zip((TIMELINE, CLIP), once, again, strict=True):
                assert found.shape == given.shape
                assert found.dtype == np.float32
                assert np.isfinite(found).all()
                np.testing.assert_array_equal(found, same)
            assert once[1].min() >= 0
            assert once[1].max() <= 255
            if outcome == 0 and step.outcomes:
                np.testing.assert_array_equal(once[0], TIMELINE)
                np.testing.assert_array_equal(once[1], CLIP)
    np.testing.assert_array_equal(TIMELINE, before[0])
    np.testing.assert_array_equal(CLIP, before[1])


@pytest.mark.parametrize("name", DRAWN)
def test_seed_epoch_and_clip_alone_decide(name, made):
    on_frames = int(made[name].scope == "frames")
    for other in (Draw(3, 1, "a"), Draw(4, 0, "a"), Draw(3, 0, "b")):
        first, second = (turned(made[name], 0, draw) for draw in (Draw(3, 0, "a"), other))
        assert (first[on_frames] != second[on_frames]).any()
        np.testing.assert_array_equal(first[1 - on_frames], (TIMELINE, CLIP)[1 - on_frames])


@pytest.mark.parametrize("name", DRAWN)
def test_draws_know_no_order_thread_or_global_state(name, made):
    import tensorflow as tf

    draws = draws_of(name)
    tf.random.set_seed(1)
    expected = [turned(made[name], 0, draw) for draw in draws]
    tf.random.set_seed(2)
    tf.random.uniform((7,))
    fresh = registry.get("augment", name)()
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda draw: turned(fresh, 0, draw), draws[::-1]))[::-1]
    for one, other in zip(expected, found, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_mirror_and_reverse(made):
    draw = Draw(0, 0, "a")
    mirrored, backwards = (turned(made[name], 1, draw) for name in ("mirror", "reverse"))
    left, right, speed = TIMELINE.T
    np.testing.assert_array_equal(mirrored[0], np.stack([1 - right, 1 - left, speed], axis=1))
    np.testing.assert_array_equal(mirrored[1], CLIP[:, :, ::-1])
    np.testing.assert_array_equal(backwards[0], np.stack([left, right, -speed], axis=1)[::-1])
    np.testing.assert_array_equal(backwards[1], CLIP[::-1])
    np.testing.assert_array_equal(made["reverse"].timeline(TIMELINE, None, 1, draw), TIMELINE[::-1])


def test_about_half_of_the_clips_are_mirrored(made):
    outcomes = [made["mirror"].choose(Draw(0, 0, f"clip {i}")) for i in range(4000)]
    assert stats.binomtest(sum(outcomes), 4000).pvalue > 0.001


@pytest.mark.parametrize("steps", [3, 4, 17, 100])
def test_time_warp_is_interpolation_at_times_of_varying_pace(steps):
    warp, features = (
        registry.get("augment", "time_warp")(strength=0.5, knots=3),
        np.random.default_rng(steps).normal(size=(steps, 2)),
    )
    for draw in draws_of("time_warp", 4):
        tempi = np.exp(0.5 * draw.normal((3,)))
        half = (steps - 2) / 2
        pace = [
            tempi[0] + (tempi[1] - tempi[0]) * i / half
            if i < half
            else tempi[1] + (tempi[2] - tempi[1]) * (i - half) / half
            for i in range(steps - 1)
        ]
        times = [sum(pace[:i]) / sum(pace) * (steps - 1) for i in range(steps)]
        found = warp.timeline(features.astype(np.float32), None, 0, draw)
        for channel in range(2):
            expected = np.interp(times, np.arange(steps), features[:, channel])
            np.testing.assert_allclose(found[:, channel], expected, atol=1e-5)
        np.testing.assert_array_equal(found[[0, -1]], features.astype(np.float32)[[0, -1]])
        assert (np.diff(times) > 0).all()


@pytest.mark.parametrize("steps", [1, 2])
def test_too_short_for_a_warp(steps):
    warp = registry.get("augment", "time_warp")()
    np.testing.assert_array_equal(warp.timeline(TIMELINE[:steps], None, 0, Draw(0, 0, "a")), TIMELINE[:steps])


def test_gain_gives_each_channel_a_log_normal_factor():
    ones = np.ones((3, 5000), np.float32)
    found = registry.get("augment", "gain")(sigma=0.3).timeline(ones, None, 0, Draw(0, 0, "a"))
    np.testing.assert_array_equal(found, np.repeat(found[:1], 3, axis=0))
    assert stats.kstest(np.log(found[0]) / 0.3, "norm").pvalue > 0.001


def test_noise_is_gaussian_in_shares_of_a_channels_deviation():
    features = np.stack([np.tile([-4.0, 4.0], 3000), np.zeros(6000)], axis=1).astype(np.float32)
    found = registry.get("augment", "noise")(sigma=0.25).timeline(features, None, 0, Draw(0, 0, "a"))
    added = (found - features)[:, 0]
    assert stats.kstest(added, "norm", args=(0, 1.0)).pvalue > 0.001
    assert len(np.unique(added)) > 5000, "each step has noise of its own"
    np.testing.assert_array_equal(found[:, 1], 0)


def test_draws_are_uniform_and_normal():
    draw = Draw(0, 0, "a")
    assert stats.kstest(draw.uniform((5000,)), "uniform").pvalue > 0.001
    assert stats.kstest(draw.normal((5000,)), "norm").pvalue > 0.001
    assert (draw.uniform((9,), "one") != draw.uniform((9,), "other")).all()


def test_bounds():
    assert bounds(2, "x") == (2.0, 2.0)
    assert bounds([1, 2.5], "x") == (1.0, 2.5)
    with pytest.raises(BadRequest, match=r"augment.crop.area=\[0.9, 0.5\]: give the lowest first, \[0.5, 0.9\]"):
        registry.get("augment", "crop")(area=[0.9, 0.5])
