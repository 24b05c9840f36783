"""The leak report: what a fold both trains on and scores, and what that means for its score."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.data.background_similarity import outlines, scene_names
from darkhar_cli.splits.plan import Fold, Plan
from darkhar_cli.splits.shared_backgrounds import Nearest, nearest

_COLUMNS = ["repeat", "fold", "split", "kind", "value", "scene", "n_train", "n_scored", "n_misled"]
_COLUMNS += ["train_ids", "scored_ids", "misled_ids"]
_LISTED = 10  # clips, and groups, that a row names of each kind: its counts are of all
_CALLED = {"group": "groups", "same file": "identical files", "background": "backgrounds"}


@dataclass(frozen=True)
class Leak:
    """Something that a fold has on both sides.

    Attributes:
        repeat, fold, split: where.
        kind: group, same file or background.
        value: which; for a background the groups (or the nearest clips) that share it and their highest correlation.
        train: places in the table of the training clips that have it, nearest first for a background.
        scored: places of the scored clips that have it, likewise. Of a background these are the clips that are
            near-identical to one of the other side, not all of its cluster.
        misled: those of `scored` whose background is in training under other labels only.
        what: the same in every fold for the same thing.
        scene: the cluster of a background.
    """

    repeat: int
    fold: int
    split: str
    kind: str
    value: str
    train: list[int]
    scored: list[int]
    misled: list[int]
    what: Hashable
    scene: str = ""


@dataclass(frozen=True)
class _Side:
    """What one fold trains on and scores of one split: places in the table."""

    fold: Fold
    split: str
    train: np.ndarray
    scored: np.ndarray


def leaks(plan: Plan, table: pd.DataFrame, backgrounds: np.ndarray | None = None) -> pd.DataFrame:
    """Return leaks.csv: groups, files and backgrounds that a fold both trains on and scores, with some of their clips.

    Args:
        plan: the folds.
        table: columns id, split, label, group, digest, and scene where that is known already.
        backgrounds: of each row of the table, (N, F) 0..1; None leaves them out.
    """
    return listed(find(plan, table, backgrounds), table)


def listed(found: Sequence[Leak], table: pd.DataFrame) -> pd.DataFrame:
    """Return leaks.csv: counts of all clips, and the first ten by name."""
    ids = table["id"].to_numpy()
    rows = []
    for leak in found:
        parts = (leak.train, leak.scored, leak.misled)
        counts, named = map(len, parts), (" ".join(ids[part[:_LISTED]]) for part in parts)
        rows.append((leak.repeat, leak.fold, leak.split, leak.kind, leak.value, leak.scene, *counts, *named))
    return pd.DataFrame(rows, columns=_COLUMNS)


def find(plan: Plan, table: pd.DataFrame, backgrounds: np.ndarray | None = None) -> list[Leak]:
    """Return what each fold has on both sides; arguments as those of `leaks`."""
    sides = list(_sides(plan, table))
    by_sight: list[Sequence[Leak]] = [()] * len(sides)
    if backgrounds is not None:
        labels = table["label"].to_numpy()
        nearest_of_sides = nearest(outlines(backgrounds), labels, [(side.train, side.scored) for side in sides])
        scenes = np.array(table["scene"] if "scene" in table else scene_names(backgrounds, table["digest"]), object)
        by_sight = [_backgrounds(side, table, scenes, near) for side, near in zip(sides, nearest_of_sides, strict=True)]
    every: list[pd.DataFrame] = []
    for side, backgrounds_of in zip(sides, by_sight, strict=True):
        every += _of_column(side, "group", table["group"].to_numpy())
        every += backgrounds_of
        every += _of_column(side, "same file", table["digest"].to_numpy())
    return every


def _sides(plan: Plan, table: pd.DataFrame) -> Iterator[_Side]:
    test = np.flatnonzero(table["split"] == "test")
    for fold in plan.folds:
        train = table.index.get_indexer(fold.train)
        for split, scored in (("validation", table.index.get_indexer(fold.validation)), ("test", test)):
            if len(scored):
                yield _Side(fold, split, train, scored)


def _of_column(side: _Side, kind: str, values: np.ndarray) -> Iterator[Leak]:
    """Yield the values, none empty, that both sides have."""
    ours, theirs = (_places(part, values[part]) for part in (side.train, side.scored))
    for value in sorted((ours.keys() & theirs.keys()) - {""}):
        both = ours[value], theirs[value]
        yield Leak(side.fold.repeat, side.fold.index, side.split, kind, value, *both, misled=[], what=value)


def _places(places: np.ndarray, names: np.ndarray) -> dict[str, list[int]]:
    """Return the places that have each name, in their own order."""
    return {name: part.tolist() for name, part in pd.Series(places).groupby(names, sort=False)}


def _backgrounds(side: _Side, table: pd.DataFrame, scenes: np.ndarray, near: Nearest) -> list[Leak]:
    """Return the clusters of near-identical backgrounds that have clips on both sides, in order of appearance."""
    sides = []
    for r in (near.train, near.scored):
        places = np.flatnonzero(r)
        places = places[np.argsort(-r[places], kind="stable")]
        sides.append(_places(places, scenes[places]))
    shared = []
    for scene in sorted(sides[1], key=lambda name: min(sides[1][name])):
        train, scored = sides[0][scene], sides[1][scene]
        called = f"{_called(table, train, scored)} (r {near.scored[scored[0]]:.2f})"
        misled = [place for place in scored if not near.right[place]]
        where = side.fold.repeat, side.fold.index, side.split
        shared.append(Leak(*where, "background", called, train, scored, misled, what=scene, scene=scene))
    return shared


def _called(table: pd.DataFrame, train: Sequence[int], scored: Sequence[int]) -> str:
    """Return the name of a background that two sides share: its groups, or its nearest clips where they have none."""
    groups, ids = (table[name].to_numpy() for name in ("group", "id"))
    known = sorted({*groups[list(train)], *groups[list(scored)]} - {""})
    alone = [ids[side[0]] for side in (scored, train) if not groups[side[0]]]
    more = f" and {len(known) - _LISTED} more groups" if len(known) > _LISTED else ""
    return " ~ ".join([*alone, *known[:_LISTED]]) + more


def report_lines(found: Sequence[Leak], plan: Plan, table: pd.DataFrame) -> list[str]:
    """Return the report of the leaks: a short table, and what they mean for the score."""
    if not found:
        shared = "group, file" if table["group"].any() else "file"
        return [f"no leak was found: no {shared} or near-identical background is both trained on and scored"]
    lines = [f"{'leaks':<16}{'split':<12}{'found':>6}  scored clips concerned"]
    for split, total in _totals(plan, table).items():
        for kind, some in _by_kind(found, split).items():
            if some:
                count, clips = len({leak.what for leak in some}), _clips(leak.scored for leak in some)
                lines.append(f"{_CALLED[kind]:<16}{split:<12}{count:>6}  {clips} of {total}")
    return lines + [caveat.text for caveat in caveats_of(found, plan, table)]


def caveats_of(found: Sequence[Leak], plan: Plan, table: pd.DataFrame) -> list[Caveat]:
    """Return the caveats that leaks give the score."""
    caveats = []
    for split, total in _totals(plan, table).items():
        here = _by_kind(found, split)
        misled = _clips(leak.misled for leak in here["background"])
        for kind, some in here.items():
            count, clips = len({leak.what for leak in some}), _clips(leak.scored for leak in some)
            # clips of one recording look alike anyway, and where no label is the same the room helps nobody
            if some and (kind != "background" or not (here["group"] or misled == clips)):
                text = _meaning(kind, split, count, f"{clips} of {total} scored clips")
                caveats.append(Caveat(Kind.LEAK, text, split))
        if misled:
            text = (
                f"leak: {misled} of {total} scored clips ({split}) have a background that recurs in training where "
                "the label differs, so there a model that knows the room will be wrong, and may fall below chance "
                "(leaks.csv)"
            )
            caveats.append(Caveat(Kind.MISLED, text, split))
    return caveats


def _totals(plan: Plan, table: pd.DataFrame) -> dict[str, int]:
    """Return how many clips are scored of each split."""
    validation = {row for fold in plan.folds for row in fold.validation}
    return {"validation": len(validation), "test": int((table["split"] == "test").sum())}


def _by_kind(found: Sequence[Leak], split: str) -> dict[str, list[Leak]]:
    return {kind: [leak for leak in found if (leak.split, leak.kind) == (split, kind)] for kind in _CALLED}


def _clips(parts: Iterator[list[int]]) -> int:
    return len({clip for part in parts for clip in part})


def _meaning(kind: str, split: str, count: int, clips: str) -> str:
    what = f"{count} {_CALLED[kind]} are" if count > 1 else f"1 {_CALLED[kind][:-1]} is"
    share, known = {
        "group": ("share their recording with training clips", "the room"),
        "same file": ("are training clips too", "the clip"),
        "background": ("have a background like that of training clips", "the room"),
    }[kind]
    return (
        f"leak: {what} both trained on and scored ({split}): {clips} {share}, so the score may show what is known of "
        f"{known} instead of the action (leaks.csv)"
    )
