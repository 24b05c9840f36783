"""Draws are integer hashes: one to one, even, independent, and the same in NumPy, graphs and XLA."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from darkhar_cli.randomness import SCORING, bits, key_of, mix, order, randint, shuffled, spread_evenly, uniform

ops = keras.ops


def test_mix_is_one_to_one_and_order_is_a_permutation():
    values = np.arange(1 << 16, dtype=np.uint32)
    assert len(np.unique(mix(np, values))) == len(values)
    assert sorted(order(np, 9, 100)) == list(range(100))


def test_mix_is_lowbias32():
    def lowbias32(x):
        x ^= x >> 16
        x = x * 0x7FEB352D % 2**32
        x ^= x >> 15
        x = x * 0x846CA68B % 2**32
        return x ^ x >> 16

    for value in (0, 1, 77, 2**31 + 3, 2**32 - 1):
        assert mix(np, np.uint32(value)) == lowbias32(value)
        assert bits(np, 5, value) == lowbias32(value ^ lowbias32(5))


@pytest.mark.parametrize("n", [1, 2, 7, 100, 2**31 - 1])
def test_randint_is_the_high_part_of_a_product(n):
    drawn = randint(np, 11, np.arange(50), n)
    assert drawn.tolist() == [int(b) * n >> 32 for b in bits(np, 11, np.arange(50))]
    assert drawn.min() >= 0
    assert drawn.max() < n


@pytest.mark.parametrize("over", ["keys", "indices"])
def test_draws_are_even(over):
    """Chi-square over 10 values and Kolmogorov-Smirnov, for one key's many indices and for many keys' first."""
    index, keys = np.arange(20000), [key_of(0, epoch, "clip") for epoch in range(2000)]
    if over == "keys":
        whole = np.array([randint(np, key, 0, 10) for key in keys])
        part = np.array([uniform(np, key, 0) for key in keys])
    else:
        whole, part = randint(np, keys[0], index, 10), uniform(np, keys[0], index)
    assert stats.chisquare(np.bincount(whole, minlength=10)).pvalue > 0.001
    assert stats.kstest(part, "uniform").pvalue > 0.001
    assert part.dtype == np.float32
    assert 0 <= part.min() < part.max() < 1


def test_draws_of_one_key_do_not_hang_together():
    keys = [key_of(0, epoch, "clip") for epoch in range(2000)]
    pairs = np.array([uniform(np, key, [0, 1]) for key in keys])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.1
    assert stats.chisquare(np.histogram2d(*pairs.T, bins=4)[0].ravel()).pvalue > 0.001


def test_host_eager_graph_and_xla_draw_the_same():
    index, n = np.arange(40), np.arange(1, 41) * 977
    key = 2**31 + 5

    def draw(xp, key):
        return randint(xp, key, index, n), uniform(xp, key, index), order(xp, key, 40)

    expected = draw(np, key)
    tensor = tf.constant(key, tf.uint32)
    for found in (
        draw(ops, key),
        tf.function(lambda k: draw(ops, k))(tensor),
        tf.function(lambda k: draw(ops, k), jit_compile=True)(tensor),
    ):
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_array_equal(one, other)


def test_keys_differ_by_seed_epoch_and_clip():
    keys = {key_of(0, 3, "clip"), key_of(1, 3, "clip"), key_of(0, SCORING, "clip"), key_of(0, 3, "other")}
    assert len(keys) == 4


def test_shuffling_does_not_depend_on_the_order_given():
    names = [f"clip{i}" for i in range(20)]
    forward = [names[i] for i in shuffled(3, 1, names)]
    backward = names[::-1]
    assert forward == [backward[i] for i in shuffled(3, 1, backward)]
    assert forward != [names[i] for i in shuffled(3, 2, names)]


@pytest.mark.parametrize("counts", [(6, 6, 6), (20, 5, 1), (3, 7, 11)])
def test_classes_are_spread_evenly_whatever_stretch_is_taken(counts):
    classes = [label for label, count in enumerate(counts) for _ in range(count)]
    names = [f"clip {i}" for i in range(len(classes))]
    order = spread_evenly(1, 0, names, classes)
    assert sorted(order) == list(range(len(names)))
    for size in (3, 6, 9):
        for start in range(len(order) - size + 1):
            found = np.bincount([classes[i] for i in order[start : start + size]], minlength=3)
            assert (np.abs(found - size * np.array(counts) / len(names)) < 2).all()
    assert order != spread_evenly(1, 1, names, classes)
    assert order != spread_evenly(2, 0, names, classes)
    turned = spread_evenly(1, 0, names[::-1], classes[::-1])
    assert [names[::-1][i] for i in turned] == [names[i] for i in order], "whatever order they came in"
