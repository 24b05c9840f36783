"""Clip -> fold: who is trained on and who is scored.

Groups (scene, actor, recording) must not straddle a fold where clips have them. `plan_folds` is the one way in: it
resolves the settings and hands the training clips to a scheme.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pandas as pd

from darkhar_cli.errors import BadRequest, nearest, unknown
from darkhar_cli.splits.groups import are_known, fewest, groups_of, ungrouped_note
from darkhar_cli.splits.kfold import Division, by_clip, by_group, paper_slices, repeated, share_held_out
from darkhar_cli.splits.leave_group_out import group_per_class_out, one_group_out
from darkhar_cli.splits.settings import CvSettings


@dataclass(frozen=True)
class Fold:
    """One fold: table rows that are trained on and rows that are scored (none where the official split is)."""

    index: int
    train: list[int]
    validation: list[int]
    repeat: int = 0

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"fold {self.index}" if not self.repeat else f"repeat {self.repeat} fold {self.index}"


@dataclass(frozen=True)
class Plan:
    """A resolved cross-validation.

    Attributes:
        name: the scheme.
        folds: folds of repeat 0 first; a fold is named by (repeat, index), and a clip may be scored by several.
        settings: the `cv` node that gives these folds again.
        notes: sentences that a reader of the numbers must know.
        carried: one model is carried from fold to fold, where it would be a fresh one.
        watches_scored: early stopping evaluates the scored clips, not an inner-validation split.
    """

    name: str
    folds: list[Fold]
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()
    carried: bool = False
    watches_scored: bool = False


T = TypeVar("T")


def _given(value: T | None) -> T:
    """Return a setting that its scheme takes: the schema and `_resolve` have given it."""
    assert value is not None
    return value


_SCHEMES: dict[str, Callable[[pd.DataFrame, CvSettings, int], Division]] = {
    "stratified": lambda train, cv, seed: Division([by_clip(train, _given(cv.folds), seed)]),
    "stratified_group": lambda train, cv, seed: Division([by_group(train, _given(cv.folds), seed)]),
    "repeated": lambda train, cv, seed: repeated(train, _given(cv.folds), _given(cv.repeats), seed),
    "holdout": lambda train, cv, seed: share_held_out(train, _given(cv.share), seed),
    "leave_one_group_out": lambda train, cv, seed: one_group_out(train),
    "leave_group_per_class_out": lambda train, cv, seed: group_per_class_out(train, cv.repeats, seed),
    "paper": lambda train, cv, seed: paper_slices(train),
}
_GROUPS_DO_NOT_MATTER = ("stratified", "paper")


def plan_folds(cv: CvSettings | Mapping[str, Any], table: pd.DataFrame, seed: int, classes: Sequence[str] = ()) -> Plan:
    """Resolve the settings of cross-validation for a table of clips.

    Args:
        cv: the scheme and what it takes; or the `cv` node of a configuration.
        table: columns id, split, label, group; rows of split `train` are divided.
        seed: the run's seed, used where `cv.seed` is null.
        classes: the data set's class names; each needs training clips.

    Raises:
        BadRequest: the data do not allow it; names the class and the largest number of folds that works.
    """
    train = _trainable(table, classes)
    settings = cv if isinstance(cv, CvSettings) else CvSettings.from_config(cv)
    if settings.name == "auto" and _several_official(table):
        settings = CvSettings("official")
    settings = _resolve(settings, train, seed)
    name = settings.name
    if name == "official" and _several_official(table):
        return _official_splits(train, settings)
    if name == "official" or (name == "holdout" and settings.share is None):
        lacking = sorted(set(train["label"]) - set(table[table["split"] == "test"]["label"]))
        notes = (f"the official split has no clip of {', '.join(lacking)}, so that is not scored",) if lacking else ()
        return Plan(name, [_official(name, train, table)], settings.node(), notes)
    if name not in _SCHEMES:
        raise unknown("cv", name, ["auto", "official", *_SCHEMES])
    division = _SCHEMES[name](train, settings, seed if settings.seed is None else settings.seed)
    folds = [
        Fold(index, ours, scored, repeat)
        for repeat, pairs in enumerate(division.repeats)
        for index, (ours, scored) in enumerate(pairs)
    ]
    notes = division.notes if name in _GROUPS_DO_NOT_MATTER else division.notes + ungrouped_note(train)
    return Plan(name, folds, settings.node(), notes, carried=name == "paper", watches_scored=name == "paper")


def check_fold(plan: Plan, only: int | None) -> None:
    """Refuse to train a fold alone that a plan does not have, or that cannot be trained without those before it.

    Raises:
        BadRequest: with the folds that there are.
    """
    if only is None:
        return
    if only >= len(plan.folds):
        last = len(plan.folds) - 1
        raise BadRequest(f"cv.only={only}: cv={plan.name} has {len(plan.folds)} folds here; give 0 to {last}")
    if plan.carried:
        raise BadRequest(
            f"cv.only={only}: cv={plan.name} carries one model from fold to fold; run all folds in one job"
        )


def _trainable(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return the training clips, or refuse classes that cannot be trained on them."""
    train = table[table["split"] == "train"]
    if train["label"].nunique() < 2:
        raise BadRequest(f"all {len(train)} training clips are of one class; there is nothing to train")
    unseen = sorted(({*classes, *table["label"]}) - set(train["label"]))
    if unseen:
        close = nearest(unseen[0], set(train["label"]))
        raise BadRequest(f"class {unseen[0]!r} has no training clip, so it can be neither trained nor scored{close}")
    return train


def _several_official(table: pd.DataFrame) -> bool:
    return "official" in table and bool(table["official"].any())


def _official_splits(train: pd.DataFrame, settings: CvSettings) -> Plan:
    """Return the plan that repeats the experiment on each of several official splits, a fold for each."""
    uses = train["official"].str.split("|", expand=True)
    folds, scored = [], pd.Series(0, index=train.index)
    for number in uses.columns:
        ours, theirs = (train.index[uses[number] == use].tolist() for use in ("train", "test"))
        if not theirs:
            raise BadRequest(
                f"official split {number + 1} has no test clip; choose one split with dataset.split=NUMBER"
            )
        folds.append(Fold(0, ours, theirs, repeat=number))
        scored.loc[theirs] += 1
    several, some, never = (int((scored > 1).sum()), int((scored > 0).sum()), int((scored == 0).sum()))
    note = (
        f"the {len(folds)} official splits are not disjoint: {several} of {some} test clips are scored by several, and "
        f"{never} clips by none; a clip counts once"
    )
    return Plan(settings.name, folds, settings.node(), (note,))


def _official(name: str, train: pd.DataFrame, table: pd.DataFrame) -> Fold:
    if not (table["split"] == "test").any():
        instead = "cv=auto" + (" or cv.share=0.2" if name == "holdout" else "")
        raise BadRequest(f"cv={name} needs an official held-out split, and this data set has none; use {instead}")
    return Fold(0, train.index.tolist(), [])


def _resolve(cv: CvSettings, train: pd.DataFrame, seed: int) -> CvSettings:
    """Return the settings with `auto` and None resolved by the data and the run's seed."""
    settings, grouped = cv, are_known(train)
    if cv.takes_seed and cv.seed is None:
        settings = replace(settings, seed=seed)
    if cv.name == "auto":
        settings = replace(settings, name="stratified_group" if grouped else "stratified")
    if cv.name in ("auto", "repeated") and cv.folds is None:
        most = fewest({label: len(names) for label, names in groups_of(train).items()})[1] if grouped else 3
        settings = replace(settings, folds=max(2, min(3, most)))
    return settings


def assignment(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return assignment.csv: the folds in which each clip is scored (`test` clips are scored by every fold).

    `digest` is of a clip's content. Where clips have twins in another light, `twin` and `light` come last.
    """
    twins = ["twin", "light"] if "twin" in table and table["twin"].any() else []
    about = table[["id", "group", "label", "digest", *twins]]
    parts = [about.loc[f.validation].assign(repeat=f.repeat, fold=f.index, split="validation") for f in plan.folds]
    parts.append(about[table["split"] == "test"].assign(repeat=0, fold="all", split="test"))
    listed = pd.concat([part.astype({"fold": object}) for part in parts], ignore_index=True)
    columns = ["repeat", "fold", "id", "split", "group", "label", "digest", *twins]
    return listed[columns].sort_values(["split", "repeat", "id"], ignore_index=True)
