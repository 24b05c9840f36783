"""Which scored clips have a near-identical background among the training clips: direct links, no chains."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from darkhar_cli.data.background_similarity import ALIKE, blocks

_SIDES = 64  # pairs of training and scored clips that are compared together; bounds memory


@dataclass(frozen=True)
class Nearest:
    """How near the clips of a fold's two sides are to each other.

    Attributes:
        scored: of each clip that is scored, its highest correlation with a training clip, (N,) float32; 0 where no
            training clip is near-identical, and for clips that are not scored.
        train: of each training clip, its highest correlation with a scored one, likewise.
        right: whether a scored clip is near-identical to a training clip of its own label, (N,) bool.
    """

    scored: np.ndarray
    train: np.ndarray
    right: np.ndarray


def nearest(units: np.ndarray, labels: np.ndarray, sides: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Nearest]:
    """Return for each (training, scored) places of clips how near the two are; no list of pairs is ever held.

    Args:
        units: outlines (N, F) of `scenes.outlines`.
        labels: of the clips, (N,).
        sides: places trained on, and places scored.
    """
    results = []
    for start in range(0, len(sides), _SIDES):
        results += _of_some(units, np.unique(labels, return_inverse=True)[1], sides[start : start + _SIDES])
    return results


def _of_some(units: np.ndarray, labels: np.ndarray, sides: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Nearest]:
    count = len(units)
    masks = [[np.isin(np.arange(count), places) for places in pair] for pair in sides]
    results = [Nearest(np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros(count, bool)) for _ in sides]
    for rows in blocks(count):
        r = np.minimum(units[rows] @ units.T, 1)
        r[r < ALIKE] = 0
        same = labels[rows, None] == labels
        for (train, scored), one in zip(masks, results, strict=True):
            here = np.flatnonzero(scored[rows])
            if not len(here):
                continue
            links = r[here] * train
            places = here + rows.start
            one.scored[places] = links.max(axis=1)
            np.maximum(one.train, links.max(axis=0), out=one.train)
            one.right[places] = ((links > 0) & same[here]).any(axis=1)
    return results
