"""How the training clips are divided: whom each fold trains on and whom it scores.

Every fold has every class on both sides, or the request is refused with the class that lacks and the largest
number of folds that works; `paper_slices` alone is what it is, and says so.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import key_of
from darkhar_cli.splits.groups import are_known, fewest, group_names, needed_groups
from darkhar_cli.splits.inner_validation import draw_part

Pair = tuple[list[int], list[int]]  # table rows trained on, table rows scored

_TRIES = 50
_FAR = 0.05  # a held-out share that differs by more from the requested one is reported
_PAPER_PERCENTS = (*range(0, 100, 100 // 3), 100)


@dataclass(frozen=True)
class Division:
    """What a scheme makes of the training clips: each repeat's folds, and notes for the reader."""

    repeats: list[list[Pair]]
    notes: tuple[str, ...] = ()


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


def repeated(train: pd.DataFrame, k: int, repeats: int, seed: int) -> Division:
    """Divide into k folds several times, by group where groups are known, else by clip; each division counts once.

    The first repeat is the division that `stratified_group` or `stratified` makes with this seed.

    Raises:
        BadRequest: see `by_group` and `by_clip`.
    """
    divide = by_group if are_known(train) else by_clip
    first = divide(train, k, seed)
    different = {_partition(first): first}
    for repeat in range(1, repeats):
        with contextlib.suppress(BadRequest):  # where divisions are rare, a seed may find none though the first did
            pairs = divide(train, k, key_of(seed, repeat, "repeat"))
            different.setdefault(_partition(pairs), pairs)
    if (count := len(different)) == repeats:
        return Division(list(different.values()))
    plural = "" if count == 1 else "s"
    note = f"{repeats} repeats gave {count} different division{plural}; a division that comes again is not run again"
    return Division(list(different.values()), (note,))


def _partition(pairs: Sequence[Pair]) -> frozenset[frozenset[int]]:
    """Return who is scored together, whatever the folds' order."""
    return frozenset(frozenset(scored) for _, scored in pairs)


def share_held_out(train: pd.DataFrame, share: float, seed: int) -> Division:
    """Hold out about a share of the clips once, without a group on both sides where groups are known.

    Raises:
        BadRequest: no such part has every class on both sides.
    """
    if are_known(train):
        needed_groups("holdout", train)
    name, count = fewest(train["label"].value_counts().to_dict())
    if count == 1:
        raise BadRequest(
            f"class {name!r} has 1 clip, so it cannot be both trained on and scored: give each class at least 2 clips"
        )
    pair = draw_part(train, train.index.tolist(), share, seed, what="holdout")
    if pair is None:
        raise BadRequest(
            f"cv.share={share}: no part was found that shares no group with the rest and has every class on both "
            "sides; use cv=stratified and mind that groups are then on both sides"
        )
    got = len(pair[1]) / len(train)
    note = f"cv.share={share} became {len(pair[1])} of {len(train)} clips ({got:.0%}): groups and classes stay whole"
    return Division([[pair]], (note,) if abs(got - share) > _FAR else ())


def paper_slices(train: pd.DataFrame) -> Division:
    """Slice the clips in table order at 0, 33, 66, 99 and 100 %, as the paper's appendix does: four folds.

    A boundary is rounded as tfds rounds `train[33%:66%]` ("closest": to the nearest clip, a half to the even one).
    """
    rows = train.index.tolist()
    bounds = [round(percent * len(rows) / 100) for percent in _PAPER_PERCENTS]
    pairs, empty = [], []
    for i, (start, stop) in enumerate(pairwise(bounds)):
        if start == stop:
            empty.append(f"{_PAPER_PERCENTS[i]}-{_PAPER_PERCENTS[i + 1]} %")
        else:
            pairs.append((rows[:start] + rows[stop:], rows[start:stop]))
    sizes = ", ".join(str(len(scored)) for _, scored in pairs)
    notes = [
        f"the paper's folds are slices of the table as it is sorted ({sizes} clips), neither stratified nor by group; "
        "one model is carried from fold to fold, so from fold 1 on it has been trained on the clips it is scored on, "
        "and early stopping watches the scored clips: these numbers reproduce the paper and show nothing else"
    ]
    notes += [f"the slice {which} holds no clip and is skipped" for which in empty]
    lacking = _lacking(train, pairs)
    notes += [f"folds lack classes: {'; '.join(lacking)}"] if lacking else []
    return Division([pairs], tuple(notes))


def _lacking(train: pd.DataFrame, pairs: Sequence[Pair]) -> list[str]:
    """Return which classes each fold does not train on or does not score."""
    lacks = []
    for i, (ours, theirs) in enumerate(pairs):
        for what, rows in (("trains on", ours), ("scores", theirs)):
            absent = sorted(set(train["label"]) - set(train.loc[rows, "label"]))
            lacks += [f"fold {i} {what} no {', '.join(absent)}"] if absent else []
    return lacks


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
    return "; no number of folds works by group: use cv=stratified and mind that groups are then on both sides"


def _state(seed: int, attempt: int) -> int:
    return key_of(seed, attempt, "folds")
