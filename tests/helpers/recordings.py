"""Clips of recordings, right or wrong together, whose classes hold recordings or are crossed by them."""

import numpy as np

# The recordings of 150 real dark clips: each shows one action.
SIZES = [[11, 14], [19, 6], [13, 8, 4], [4, 7, 9, 5], [21, 4], [13, 12]]


def nested(rng, sizes=SIZES):
    """Return right (N,), class and cluster of clips whose clusters lie in classes."""
    labels = np.repeat(np.arange(len(sizes)), [sum(part) for part in sizes])
    counts = np.concatenate(sizes)
    codes = np.repeat(np.arange(len(counts)), counts)
    return (rng.random(len(labels)) < np.repeat(rng.beta(2, 1, len(counts)), counts)).astype(float), labels, codes


def crossing(rng, groups=12, classes=4):
    """Return right (N,), class and cluster of clips whose clusters have clips of several classes."""
    labels, codes = rng.integers(0, classes, 150), rng.integers(0, groups, 150)
    return (rng.random(150) < rng.beta(2, 1, groups)[codes]).astype(float), labels, codes
