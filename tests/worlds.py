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


def results(right, groups, ids=None) -> pd.DataFrame:
    """Return a row per clip: id, group, right."""
    names = [f"clip {i}" for i in range(len(right))] if ids is None else ids
    return pd.DataFrame({"id": names, "group": list(groups), "right": np.asarray(right, bool)})


def enumerated(means) -> float:
    """Return the sign-flip p by going through every pattern of signs, zeros included."""
    totals = [abs(np.dot(signs, means)) for signs in itertools.product([-1, 1], repeat=len(means))]
    return np.mean(np.array(totals) >= abs(np.sum(means)) - 1e-9)
