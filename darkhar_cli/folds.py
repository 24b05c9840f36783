"""Clip -> fold: who is trained on and who is scored.

Groups (scene, actor, recording) must not straddle a fold where clips have them. `plan_folds` is the one way in: it
resolves what was asked for and hands the training clips to a scheme.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.groups import fewest, groups_of
from darkhar_cli.schemes import by_clip, by_group


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
    pairs = by_group(train, k, split_seed) if name == "stratified_group" else by_clip(train, k, split_seed)
    folds = [Fold(i, ours, scored) for i, (ours, scored) in enumerate(pairs)]
    return Plan(name, folds, {"name": name, "folds": k, "seed": split_seed})


def _resolve(cv: Mapping[str, Any], train: pd.DataFrame) -> tuple[str, int]:
    """Return the scheme and the number of folds that `auto` stands for here."""
    if cv["name"] != "auto":
        return cv["name"], cv["folds"]
    if not train["group"].any():
        return "stratified", cv["folds"] or 3
    return "stratified_group", cv["folds"] or max(2, min(3, _fewest_groups(train)))


def _fewest_groups(train: pd.DataFrame) -> int:
    return fewest({label: len(names) for label, names in groups_of(train).items()})[1]


def assignment(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return assignment.csv: the folds in which each clip is scored (`test` clips are scored by every fold)."""
    about = table[["id", "group", "label"]]
    parts = [about.loc[f.validation].assign(repeat=f.repeat, fold=f.index, split="validation") for f in plan.folds]
    parts.append(about[table["split"] == "test"].assign(repeat=0, fold="all", split="test"))
    listed = pd.concat([part.astype({"fold": object}) for part in parts], ignore_index=True)
    columns = ["repeat", "fold", "id", "split", "group", "label"]
    return listed[columns].sort_values(["split", "repeat", "id"], ignore_index=True)
