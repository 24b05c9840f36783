"""Clip -> fold: who is trained on, who is scored, and what the two share.

Groups (scene, actor, recording) must not straddle a fold where clips have them. Every fold has every class on
both sides, or the request is refused with the class that lacks and the largest number of folds that works.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.randomness import key_of

_TRIES = 50
_MOST_INNER = 0.35  # a larger inner part would cost more training clips than early stopping is worth


@dataclass(frozen=True)
class Fold:
    """One fold: table rows that are trained on and rows that are scored (none for `holdout`)."""

    index: int
    train: list[int]
    validation: list[int]
    repeat: int = 0


@dataclass(frozen=True)
class Plan:
    """A resolved cross-validation: the scheme's name, its folds, and its own settings for the record."""

    name: str
    folds: list[Fold]
    settings: dict[str, Any]


def group_names(table: pd.DataFrame) -> list[str]:
    """Return each clip's group; a clip without one is its own."""
    return [group or f"clip {name}" for group, name in zip(table["group"], table["id"], strict=True)]


def plan_folds(cv: Mapping[str, Any], table: pd.DataFrame, seed: int, classes: Sequence[str] = ()) -> Plan:
    """Resolve the `cv` node of a configuration for a table of clips.

    Args:
        cv: name, and where the scheme has them folds and seed.
        table: columns id, split, label, group; rows of split `train` are divided.
        seed: the run's seed, used where `cv.seed` is null.
        classes: the data set's class names; each needs training clips.

    Raises:
        BadRequest: the data do not allow it; names the class and the largest number of folds that works.
    """
    train = table[table["split"] == "train"]
    if train["label"].nunique() < 2:
        raise BadRequest(f"all {len(train)} training clips are of one class; nothing can be learnt")
    unseen = sorted(({*classes, *table["label"]}) - set(train["label"]))
    if unseen:
        close = nearest(unseen[0], set(train["label"]))
        raise BadRequest(f"class {unseen[0]!r} has no training clip, so it cannot be learnt or scored{close}")
    if cv["name"] == "holdout":
        if not (table["split"] == "test").any():
            raise BadRequest("cv=holdout needs an official held-out split, and this data set has none; use cv=auto")
        return Plan("holdout", [Fold(0, train.index.tolist(), [])], {"name": "holdout"})
    name, k = _resolve(cv, train)
    split_seed = seed if cv.get("seed") is None else cv["seed"]
    pairs = _by_group(train, k, split_seed) if name == "stratified_group" else _by_clip(train, k, split_seed)
    rows = train.index.to_numpy()
    folds = [Fold(i, rows[a].tolist(), rows[b].tolist()) for i, (a, b) in enumerate(pairs)]
    return Plan(name, folds, {"name": name, "folds": k, "seed": split_seed})


def _resolve(cv: Mapping[str, Any], train: pd.DataFrame) -> tuple[str, int]:
    """Return the scheme and the number of folds that `auto` stands for here."""
    if cv["name"] != "auto":
        return cv["name"], cv["folds"]
    if not train["group"].any():
        return "stratified", cv["folds"] or 3
    return "stratified_group", cv["folds"] or max(2, min(3, _fewest(_groups_of(train))[1]))


def _groups_of(train: pd.DataFrame) -> dict[str, int]:
    named = train.assign(group=group_names(train))
    return named.groupby("label")["group"].nunique().to_dict()


def _fewest(counts: Mapping[str, int]) -> tuple[str, int]:
    return min(counts.items(), key=lambda item: (item[1], item[0]))


def _by_clip(train: pd.DataFrame, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedKFold

    name, count = _fewest(train["label"].value_counts().to_dict())
    if count < k:
        raise BadRequest(_too_few(name, count, "clip", k, count))
    splitter = StratifiedKFold(k, shuffle=True, random_state=_state(seed, 0))
    return list(splitter.split(np.zeros(len(train)), train["label"]))


def _by_group(train: pd.DataFrame, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    if not train["group"].any():
        raise BadRequest(
            "cv=stratified_group needs groups and these clips have none; use cv=stratified, or name the groups "
            "(video_folder: dataset.group=REGEX or a csv with a group column)"
        )
    name, count = _fewest(_groups_of(train))
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


def _try_groups(train: pd.DataFrame, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """Return the first division, of several drawn ones, whose folds all have every class on both sides."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels, groups = train["label"].to_numpy(), np.array(group_names(train))
    classes = set(labels)
    for attempt in range(_TRIES):
        splitter = StratifiedGroupKFold(k, shuffle=True, random_state=_state(seed, attempt))
        pairs = list(splitter.split(np.zeros(len(labels)), labels, groups))
        if all(set(labels[side]) == classes for pair in pairs for side in pair):
            return pairs
    return None


def _largest_that_works(train: pd.DataFrame, most: int, seed: int) -> int:
    return next((k for k in range(most, 1, -1) if _try_groups(train, k, seed) is not None), 0)


def _too_few(name: str, count: int, what: str, k: int, largest: int) -> str:
    if what == "group" and count == 1:
        return (
            f"class {name!r} has 1 group, so by group it cannot be both trained on and scored: use cv=stratified, and "
            "mind that groups then stand on both sides"
        )
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


def inner_part(table: pd.DataFrame, rows: Sequence[int], share: float, seed: int) -> tuple[list[int], list[int]] | None:
    """Divide a fold's training rows into rows to fit and an inner part for early stopping to watch.

    The inner part shares no group with the rest, both have every class, and it is as near to `share` as found.

    Returns:
        (fit rows, inner rows), or None where no such part of at most a third exists.
    """
    part = table.loc[list(rows)]
    labels, groups = part["label"].to_numpy(), np.array(group_names(part))
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        members[group][label] += 1
    total = Counter(labels.tolist())
    best: tuple[float, set[str]] | None = None
    for attempt in range(_TRIES):
        chosen = _draw_inner(members, total, share, seed, attempt)
        size = sum(sum(members[group].values()) for group in chosen) / len(labels)
        if chosen and size <= _MOST_INNER and (best is None or abs(size - share) < best[0]):
            best = (abs(size - share), chosen)
    if best is None:
        return None
    inside = np.isin(groups, sorted(best[1]))
    index = part.index.to_numpy()
    return index[~inside].tolist(), index[inside].tolist()


def _draw_inner(
    members: Mapping[str, Counter[str]], total: Counter[str], share: float, seed: int, attempt: int
) -> set[str]:
    """Draw groups, class by class, until every class has about its share; an empty set if that fails."""
    drawn = sorted(members, key=lambda group: key_of(seed, attempt, f"inner/{group}"))
    chosen: set[str] = set()
    inside: Counter[str] = Counter()
    for label in sorted(total):
        wanted = max(1, round(share * total[label]))
        for group in drawn:
            count = members[group]
            if inside[label] >= wanted:
                break
            if group in chosen or not count[label]:
                continue
            if all(inside[c] + count[c] < total[c] for c in count):
                chosen.add(group)
                inside.update(count)
    return chosen if all(inside[label] for label in total) else set()


def assignment(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return assignment.csv: the fold in which each clip is scored (`test` clips are scored by every fold)."""
    rows = []
    for fold in plan.folds:
        for row in fold.validation:
            clip = table.loc[row]
            rows.append((fold.repeat, fold.index, clip["id"], "validation", clip["group"], clip["label"]))
    for _, clip in table[table["split"] == "test"].iterrows():
        rows.append((0, "all", clip["id"], "test", clip["group"], clip["label"]))
    columns = ["repeat", "fold", "id", "split", "group", "label"]
    return pd.DataFrame(rows, columns=columns).sort_values(["split", "repeat", "id"], ignore_index=True)


def leaks(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return leaks.csv: groups and identical files that a fold both trains on and scores, with their clips."""
    rows = []
    test = table.index[table["split"] == "test"].tolist()
    for fold in plan.folds:
        for split, scored in (("validation", fold.validation), ("test", test)):
            for kind, column in (("group", "group"), ("same file", "digest")):
                ours, theirs = table.loc[fold.train], table.loc[scored]
                for value in sorted((set(ours[column]) & set(theirs[column])) - {""}):
                    a, b = ours[ours[column] == value]["id"], theirs[theirs[column] == value]["id"]
                    rows.append(
                        (
                            fold.repeat,
                            fold.index,
                            split,
                            kind,
                            value,
                            len(a),
                            len(b),
                            " ".join(a),
                            " ".join(b),
                        )
                    )
    columns = ["repeat", "fold", "split", "kind", "value", "n_train", "n_scored", "train_ids", "scored_ids"]
    return pd.DataFrame(rows, columns=columns)
