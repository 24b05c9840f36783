"""Samplers: the contract over the whole registry, and exact positions of those that pick whole frames."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import SCORING, key_of, randint
from darkhar_cli.samplers.contract import nearest
from tests.helpers.sampler_cases import CASE_IDS, CASES, SAMPLERS, make

ops = keras.ops
cases = pytest.mark.parametrize(("name", "parameters"), CASES, ids=CASE_IDS)
training_or_not = pytest.mark.parametrize("training", [True, False], ids=["training", "scoring"])


def motion(n):
    return np.random.default_rng(n).gamma(0.5, 0.02, n).astype(np.float32)


@cases
@training_or_not
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33, 105])
def test_positions_are_ascending_and_inside(name, parameters, training, n):
    sampler = make(name, **parameters)
    for key in range(5):
        positions, mask = sampler(n, fps=29.97, training=training, key=key, motion=motion(n))
        count = sampler.count(np, n, 29.97, training)
        assert positions.shape == mask.shape == (sampler.views(training), count)
        assert isinstance(count, int)
        assert positions.dtype == np.float32
        assert mask.dtype == bool
        assert mask[:, 0].all()
        assert (np.diff(mask.astype(int)) <= 0).all(), "real steps come first"
        assert (np.diff(positions) >= 0).all()
        assert positions.min() >= 0
        assert positions.max() <= n - 1
        assert (positions == np.where(mask, positions, positions.max(1, where=mask, initial=0)[:, None])).all()
        if sampler.rate is None:
            assert mask.all()
            assert (positions == positions.round()).all()


@cases
@training_or_not
def test_host_eager_graph_and_xla_agree(name, parameters, training):
    sampler = make(name, **parameters)

    def draw(xp, n, fps, key, changes):
        return sampler(n, fps, training=training, key=key, motion=changes, xp=xp)

    keys = [2**31 + 5, 1, 2, 3]
    shapes = [tf.TensorSpec((), t) for t in ("int32", "float32", "uint32")] + [tf.TensorSpec((None,), "float32")]
    graph = tf.function(lambda *given: draw(ops, *given), input_signature=shapes)
    for n, fps, key in zip((3, 8, 70, 1), (29.97, 0.0, 23.976, 25.0), keys, strict=True):
        host = draw(np, n, fps, key, motion(n))
        eager = draw(ops, n, fps, key, motion(n))
        traced = graph(n, fps, tf.constant(key, tf.uint32), motion(n))
        for one, *others in zip(host, eager, traced, strict=True):
            for other in others:
                np.testing.assert_array_equal(one, other)
    compiled = tf.function(lambda key, changes: draw(ops, 71, 23.976, key, changes), jit_compile=True)
    for key in keys:
        host = draw(np, 71, 23.976, key, motion(71))
        for one, other in zip(host, compiled(tf.constant(key, tf.uint32), motion(71)), strict=True):
            np.testing.assert_array_equal(one, other)


@cases
def test_scoring_looks_at_no_epoch(name, parameters):
    sampler = make(name, **parameters)
    first, again = (sampler(70, 30.0, key=key_of(0, SCORING, "clip"), motion=motion(70))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"all", "rate"}))
def test_short_clips(name):
    own = {"stride": 1, "clips": 2} if name == "dense" else {}
    views = own.get("clips", 1)
    some = motion(3)
    cases = {"repeat_last": [0, 1, 2, 2, 2], "loop": [0, 0, 1, 1, 2]}
    for short, expected in cases.items():
        positions, mask = make(name, frames=5, short=short, **own)(3, motion=some)
        np.testing.assert_array_equal(positions, [expected] * views)
        assert mask.all()
    strict = make(name, frames=5, short="error", **own)
    with pytest.raises(BadRequest, match=r"3 frames, fewer than sampler\.frames=5"):
        strict(3, motion=some)
    assert strict(5, motion=motion(5))[0].shape == (views, 5)
    np.testing.assert_array_equal(strict.is_short(np, np.array([4, 5, 6])), [True, False, False])


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_a_timeline_is_told(name):
    rate = {"rate": 20.0}.get(name)
    assert make(name).rate == rate
    expected = {"rate": 20.0, "all": 25.0, "dense": 12.5}.get(name)
    assert make(name).timeline_fps(25.0) == expected
    assert make(name).timeline_fps(0.0) == make(name).timeline_fps(None) == rate
    assert make(name).views() == {"dense": 3}.get(name, 1)
    assert make(name).views(training=True) == 1
    assert make(name).wants_motion == (name == "motion")


def test_nearest_rounds_halves_to_even_everywhere():
    positions = np.array([0, 0.49, 0.5, 1.5, 2.5, 2.51, 99.5], np.float32)
    expected = [0, 0, 0, 2, 2, 3, 100]
    compiled = tf.function(lambda x: nearest(ops, x), jit_compile=True)
    for found in (nearest(np, positions), nearest(ops, positions), compiled(positions)):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [9, 33, 56, 105])
@pytest.mark.parametrize("k", [2, 8, 9])
def test_uniform_is_the_papers(n, k):
    step = (n - 1) // (k - 1)
    np.testing.assert_array_equal(make("uniform", frames=k)(n)[0][0], np.arange(k) * step)


@pytest.mark.parametrize("k", [1, 2, 8, 16, 32])
def test_linspace_is_numpys(k):
    for n in range(k, 120):
        expected = np.linspace(0, n - 1, k).round()
        np.testing.assert_array_equal(make("linspace", frames=k)(n)[0][0], expected)


def test_all_is_every_frame():
    positions, mask = make("all")(5)
    np.testing.assert_array_equal(positions, [[0, 1, 2, 3, 4]])
    assert mask.all()
    np.testing.assert_array_equal(make("all").count(np, np.array([3, 9])), [3, 9])


def test_random_draws_without_replacement_and_anew():
    sampler = make("random", frames=8)
    draws = [sampler(70, training=True, key=key_of(0, epoch, "clip"))[0][0] for epoch in range(200)]
    assert all(len(set(draw)) == 8 for draw in draws)
    assert len({tuple(draw) for draw in draws}) == 200
    counts = np.bincount(np.concatenate(draws).astype(int), minlength=70)
    assert counts.min() > 5, "every frame has its turn"
    assert counts.max() < 50, "and no frame is favoured"


@pytest.mark.parametrize("k", [1, 3, 8, 32])
def test_segment_scores_the_middles_and_trains_on_a_frame_of_each(k):
    sampler = make("segment", frames=k)
    for n in (k, k + 1, 2 * k + 1, 105):
        middles = np.floor(np.arange(k) * n / k + n / (2 * k))
        np.testing.assert_array_equal(sampler(n)[0][0], middles)
        bids = np.array([i * n // k for i in range(k + 1)])  # as mmaction2's UniformSampleFrames
        size = np.diff(bids)
        for key in (0, 2**32 - 1):
            expected = bids[:k] + randint(np, key, np.arange(k), size)
            np.testing.assert_array_equal(sampler(n, training=True, key=key)[0][0], expected)


def test_segment_gives_every_frame_its_turn():
    sampler = make("segment", frames=8)
    draws = [sampler(33, training=True, key=key_of(0, epoch, "clip"))[0][0] for epoch in range(400)]
    counts = np.bincount(np.concatenate(draws).astype(int), minlength=33)
    assert counts.sum() == 3200
    assert counts[:32].min() > 60, "four or five frames a segment"
    assert counts[32] > 50
    assert counts.max() < 140


@pytest.mark.parametrize("n", [16, 31, 33, 105])
@pytest.mark.parametrize(("frames", "stride", "clips"), [(16, 1, 1), (8, 2, 3), (1, 4, 10), (5, 3, 2)])
def test_dense_is_mmaction2s(n, frames, stride, clips):
    sampler = make("dense", frames=frames, stride=stride, clips=clips)
    last = n - ((frames - 1) * stride + 1)
    starts = np.round(np.arange(clips) * (last / (clips - 1))) if clips > 1 else np.array([last // 2])
    np.testing.assert_array_equal(sampler(n)[0], starts[:, None] + np.arange(frames) * stride)
    drawn = {sampler(n, training=True, key=key)[0][0, 0] for key in range(40 * (last + 1))}
    assert drawn == set(range(last + 1)), "every start has its turn"


def test_a_short_clip_and_dense_strides():
    parameters = {"frames": 4, "stride": 2, "clips": 2}
    np.testing.assert_array_equal(make("dense", **parameters)(6)[0], [[0, 2, 4, 5]] * 2)
    np.testing.assert_array_equal(make("dense", **parameters, short="loop")(6)[0], [[0, 0, 2, 4]] * 2)
    with pytest.raises(BadRequest, match=r"6 frames, fewer than sampler\.frames=4 span \(7\)"):
        make("dense", **parameters, short="error")(6)
    assert make("dense", **parameters, short="error")(7)[0].shape == (2, 4)
