"""Samplers: the contract over the whole registry, and exact positions."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from darkhar_cli import registry
from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import SCORING, key_of, mix, order, shuffled

SAMPLERS = sorted(registry.parts("sampler"))
ops = keras.ops


def make(name, **parameters):
    return registry.get("sampler", name)(**parameters)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33, 105])
@pytest.mark.parametrize("frames", [1, 8, 0.3])
def test_positions_are_ascending_and_inside(name, n, frames):
    positions, mask = make(name, frames=frames)(n, fps=30.0, training=True, key=7)
    count = frames if isinstance(frames, int) else max(1, round(frames * n))
    assert positions.shape == mask.shape == (1, count)
    assert positions.dtype == np.float32
    assert mask.dtype == bool
    assert mask.all()
    assert (np.diff(positions) >= 0).all()
    assert positions.min() >= 0
    assert positions.max() <= n - 1
    assert (positions == positions.round()).all()


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("frames", [8, 0.3])
def test_host_eager_graph_and_xla_agree(name, frames):
    sampler = make(name, frames=frames)
    graph = tf.function(lambda n, key: sampler(n, key=key, xp=ops)[0])
    for n in (3, 8, 70):
        host = sampler(n, key=2**31 + 5)[0]
        np.testing.assert_array_equal(host, sampler(n, key=2**31 + 5, xp=ops)[0])
        np.testing.assert_array_equal(host, graph(tf.constant(n), tf.constant(2**31 + 5, tf.uint32)))
    if isinstance(frames, int):
        compiled = tf.function(lambda key: sampler(70, key=key, xp=ops)[0], jit_compile=True)
        np.testing.assert_array_equal(host, compiled(tf.constant(2**31 + 5, tf.uint32)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_short_clips(name):
    np.testing.assert_array_equal(make(name, frames=5)(3)[0], [[0, 1, 2, 2, 2]])
    np.testing.assert_array_equal(make(name, frames=5, short="loop")(3)[0], [[0, 0, 1, 1, 2]])
    with pytest.raises(BadRequest, match=r"3 frames, fewer than sampler\.frames=5"):
        make(name, frames=5, short="error")(3)
    assert make(name, frames=5, short="error")(5)[0].shape == (1, 5)


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


def test_random_draws_without_replacement_and_anew():
    sampler = make("random", frames=8)
    draws = [sampler(70, training=True, key=key_of(0, epoch, "clip"))[0][0] for epoch in range(200)]
    assert all(len(set(draw)) == 8 for draw in draws)
    assert len({tuple(draw) for draw in draws}) == 200
    counts = np.bincount(np.concatenate(draws).astype(int), minlength=70)
    assert counts.min() > 5, "every frame has its turn"
    assert counts.max() < 50, "and no frame is favoured"
    scoring = [sampler(70, key=key_of(0, SCORING, "clip"))[0] for _ in range(2)]
    np.testing.assert_array_equal(*scoring)
    assert key_of(0, 3, "clip") != key_of(1, 3, "clip")
    assert key_of(0, 3, "clip") != key_of(0, 3, "other")


def test_mix_is_one_to_one_and_order_is_a_permutation():
    values = np.arange(1 << 16, dtype=np.uint32)
    assert len(np.unique(mix(np, values))) == len(values)
    assert sorted(order(np, 9, 100)) == list(range(100))


def test_shuffling_does_not_depend_on_the_order_given():
    names = [f"clip{i}" for i in range(20)]
    forward = [names[i] for i in shuffled(3, 1, names)]
    backward = names[::-1]
    assert forward == [backward[i] for i in shuffled(3, 1, backward)]
    assert forward != [names[i] for i in shuffled(3, 2, names)]
