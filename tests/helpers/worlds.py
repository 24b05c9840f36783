"""Drawn results whose truth is known, and tables of per-clip results."""

import itertools

import numpy as np
import pandas as pd


def group_sizes(rng: np.random.Generator, groups: int, clips: int) -> np.ndarray:
    """Return sizes of at least 1, as unequal as a broken stick."""
    return 1 + rng.multinomial(clips - groups, rng.dirichlet(np.ones(groups)))


def world(rng, groups: int, clips: int, systems: int, gain: float = 0.0, spread: float = 1.5):
    """Return right (systems, clips) and groups: each group is harder for all, and suits each system by its own luck."""
    where = np.repeat(np.arange(groups), group_sizes(rng, groups, clips))
    logits = rng.normal(0, 1, groups) + rng.normal(0, spread, (systems, groups))
    logits[1:] += gain
    right = rng.random((systems, clips)) < 1 / (1 + np.exp(-logits[:, where]))
    return right, np.array([f"scene {i}" for i in where])


def results(right, groups, ids=None, labels="walk") -> pd.DataFrame:
    """Return a row per clip: id, group, label, right."""
    names = [f"clip {i}" for i in range(len(right))] if ids is None else ids
    return pd.DataFrame({"id": names, "group": list(groups), "label": labels, "right": np.asarray(right, float)})


def seeds_of_methods(
    rng, methods: int, seeds: int, groups: int = 30, clips: int = 300, gain=0.0, suits=0.0, alike=False
):
    """Return right (methods, seeds, clips), groups and labels of six classes, each group of one class.

    Clips and groups are harder or easier for all, groups also for each method by its own luck (`suits`). Each seed of a
    method is better or worse as a whole, in each class, in each third of the groups (a fold's model), in each group,
    and in each clip; where they are `alike` only in each group and clip, by luck.
    """
    of_group = np.arange(groups) % 6
    where = np.repeat(np.arange(groups), group_sizes(rng, groups, clips))
    label, fold = of_group[where], (where // 6) % 3
    ease = rng.normal(0.5, 1, clips) + rng.normal(0, 1, groups)[where]
    right = []
    for method in range(methods):
        logits = ease + gain * (method > 0) + rng.logistic(0, 0.5, (seeds, clips))
        logits += rng.normal(0, suits, groups)[where] + (not alike) * rng.normal(0, 0.07, (seeds, 1))
        for parts, codes, spread in ((6, label, 0.13), (3, fold, 0.2), (groups, where, 0.2)):
            logits += (not alike or parts == groups) * rng.normal(0, spread, (seeds, parts))[:, codes]
        right.append(logits > 0)
    return np.array(right), where.astype(str), label.astype(str)


def enumerated(means) -> float:
    """Return the sign-flip p by going through every pattern of signs, zeros included."""
    totals = [abs(np.dot(signs, means)) for signs in itertools.product([-1, 1], repeat=len(means))]
    return np.mean(np.array(totals) >= abs(np.sum(means)) - 1e-9)
