"""How the training clips are divided: whom each fold trains on and whom it scores.

Every fold has every class on both sides, or the request is refused with the class that lacks and the largest
number of folds that works.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.groups import fewest, group_names, needed_groups
from darkhar_cli.randomness import key_of

Pair = tuple[list[int], list[int]]  # table rows trained on, table rows scored

_TRIES = 50


def by_clip(train: pd.DataFrame, k: int, seed: int) -> list[Pair]:
    """Divide into k folds by clip, every class in every fold.

    Raises:
        BadRequest: a class has fewer clips than folds.
    """
    from sklearn.model_selection import StratifiedKFold

    name, count = fewest(train["label"].value_counts().to_dict())
    if count < k:
        raise BadRequest(_too_few(name, count, "clip", k, count))
    splitter = StratifiedKFold(k, shuffle=True, random_state=_state(seed, 0))
    return _rows(train, splitter.split(np.zeros(len(train)), train["label"]))


def by_group(train: pd.DataFrame, k: int, seed: int) -> list[Pair]:
    """Divide into k folds that share no group, every class in every fold.

    Raises:
        BadRequest: no groups are known, a class has fewer groups than folds, or no such division was found.
    """
    groups = needed_groups("stratified_group", train)
    name, count = fewest({label: len(names) for label, names in groups.items()})
    if count < k:
        raise BadRequest(_too_few(name, count, "group", k, _largest_that_works(train, count, seed)))
    pairs = _try_groups(train, k, seed)
    if pairs is None:
        largest = _largest_that_works(train, k - 1, seed)
        raise BadRequest(
            f"no division into cv.folds={k} by group has every class in every fold (class {name!r} has {count} groups)"
            + _instead(largest)
        )
    return pairs


def _try_groups(train: pd.DataFrame, k: int, seed: int) -> list[Pair] | None:
    """Return the first division, of several drawn ones, whose folds all have every class on both sides."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels, groups = train["label"].to_numpy(), np.array(group_names(train))
    classes = set(labels)
    for attempt in range(_TRIES):
        splitter = StratifiedGroupKFold(k, shuffle=True, random_state=_state(seed, attempt))
        pairs = list(splitter.split(np.zeros(len(labels)), labels, groups))
        if all(set(labels[side]) == classes for pair in pairs for side in pair):
            return _rows(train, pairs)
    return None


def _rows(train: pd.DataFrame, pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> list[Pair]:
    rows = train.index.to_numpy()
    return [(rows[ours].tolist(), rows[theirs].tolist()) for ours, theirs in pairs]


def _largest_that_works(train: pd.DataFrame, most: int, seed: int) -> int:
    return next((k for k in range(most, 1, -1) if _try_groups(train, k, seed) is not None), 0)


def _too_few(name: str, count: int, what: str, k: int, largest: int) -> str:
    plural = "" if count == 1 else "s"
    return f"class {name!r} has {count} {what}{plural}, fewer than cv.folds={k}" + _instead(largest, what)


def _instead(largest: int, what: str = "group") -> str:
    if largest >= 2:
        return f"; the largest number of folds that works is {largest} (cv.folds={largest})"
    if what == "clip":
        return "; no number of folds works: give each class at least 2 clips"
    return "; no number of folds works by group: use cv=stratified and mind that groups then stand on both sides"


def _state(seed: int, attempt: int) -> int:
    return key_of(seed, attempt, "folds")
