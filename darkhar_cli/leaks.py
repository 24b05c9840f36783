"""The leak report: what a fold both trains on and scores, and what that means for its score."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from darkhar_cli.folds import Fold, Plan
from darkhar_cli.scenes import Pairs, alike

_COLUMNS = ["repeat", "fold", "split", "kind", "value", "n_train", "n_scored", "train_ids", "scored_ids"]
_LISTED = 10  # training clips named beside one that has no group: n_train counts all of them
_CALLED = {"group": "groups", "same file": "identical files", "background": "backgrounds"}


@dataclass(frozen=True)
class Leak:
    """Something that a fold has on both sides.

    Attributes:
        repeat, fold, split: where.
        kind: group, same file or background.
        value: which; for backgrounds the groups (or clips) that share it and their highest correlation.
        train: places in the table of the training clips that have it, nearest first where they have no group.
        scored: places of the scored clips that have it.
        misled: those of `scored` whose background is in training under other labels only.
        what: the same in every fold for the same value.
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


def leaks(plan: Plan, table: pd.DataFrame, backgrounds: np.ndarray | None = None) -> pd.DataFrame:
    """Return leaks.csv: groups, files and backgrounds that a fold both trains on and scores, with their clips.

    Args:
        plan: the folds.
        table: columns id, split, label, group, digest.
        backgrounds: of each row of the table, (N, F) 0..1; None leaves them out.
    """
    return listed(find(plan, table, backgrounds), table)


def listed(found: Sequence[Leak], table: pd.DataFrame) -> pd.DataFrame:
    """Return leaks.csv of what was found; beside a clip without a group, its ten nearest training clips at most."""
    ids, grouped = table["id"].to_numpy(), (table["group"] != "").to_numpy()
    rows = []
    for leak in found:
        whole = leak.kind != "background" or grouped[leak.train[0]]
        named = leak.train if whole else leak.train[:_LISTED]
        counts = (len(leak.train), len(leak.scored), " ".join(ids[named]), " ".join(ids[leak.scored]))
        rows.append((leak.repeat, leak.fold, leak.split, leak.kind, leak.value, *counts))
    return pd.DataFrame(rows, columns=_COLUMNS)


def find(plan: Plan, table: pd.DataFrame, backgrounds: np.ndarray | None = None) -> list[Leak]:
    """Return what each fold has on both sides; arguments as those of `leaks`."""
    scenes = None if backgrounds is None else _Scenes(table, alike(backgrounds))
    test = np.flatnonzero(table["split"] == "test")
    found = []
    for fold in plan.folds:
        train = table.index.get_indexer(fold.train)
        for split, scored in (("validation", table.index.get_indexer(fold.validation)), ("test", test)):
            if len(scored):
                found += _of_column(fold, split, "group", table["group"].to_numpy(), train, scored)
                found += scenes.shared(fold, split, train, scored) if scenes else []
                found += _of_column(fold, split, "same file", table["digest"].to_numpy(), train, scored)
    return found


def _of_column(
    fold: Fold, split: str, kind: str, values: np.ndarray, train: np.ndarray, scored: np.ndarray
) -> Iterator[Leak]:
    """Yield the values, none empty, that both sides have."""
    for value in sorted((set(values[train]) & set(values[scored])) - {""}):
        sides = [side[values[side] == value].tolist() for side in (train, scored)]
        yield Leak(fold.repeat, fold.index, split, kind, value, *sides, misled=[], what=value)


class _Scenes:
    """Near-identical backgrounds by pair of groups; a clip without a group stands for itself when it is scored."""

    def __init__(self, table: pd.DataFrame, pairs: Pairs):
        self.ids, self.labels = table["id"].to_numpy(), table["label"].to_numpy()
        self.known = (table["group"] != "").to_numpy()
        self.names = np.where(self.known, table["group"], self.ids).astype(object)
        codes, _ = pd.factorize(self.names, sort=True)
        links = pd.DataFrame(
            {
                "train": np.concatenate([pairs.first, pairs.second]),  # either clip of a pair may be the scored one
                "scored": np.concatenate([pairs.second, pairs.first]),
                "r": np.concatenate([pairs.r, pairs.r]),
            }
        )
        a, b = codes[links["scored"]], codes[links["train"]]
        b = np.where(self.known[links["train"]], b, -1)  # all training clips without a group together
        both = (b >= 0) & self.known[links["scored"]]
        links["low"], links["high"] = np.where(both, np.minimum(a, b), a), np.where(both, np.maximum(a, b), b)
        # of one pair of groups the same correlation is told in every fold
        links["r"] = links["r"].where(~both, links.groupby(["low", "high"])["r"].transform("max"))
        order = ["low", "high", "r", "train", "scored"]
        links = links.sort_values(order, ascending=[True, True, False, True, True])
        self.links = {name: links[name].to_numpy() for name in order}

    def shared(self, fold: Fold, split: str, train: np.ndarray, scored: np.ndarray) -> Iterator[Leak]:
        """Yield the backgrounds that both sides have."""
        ours, theirs = (np.isin(np.arange(len(self.ids)), side) for side in (train, scored))
        kept = ours[self.links["train"]] & theirs[self.links["scored"]]
        if not kept.any():
            return
        here = {name: values[kept] for name, values in self.links.items()}
        right = here["scored"][self.labels[here["train"]] == self.labels[here["scored"]]]
        misled = set(here["scored"].tolist()) - set(right.tolist())
        starts = np.flatnonzero((np.diff(here["low"]) != 0) | (np.diff(here["high"]) != 0)) + 1
        for start, stop in zip([0, *starts], [*starts, len(here["r"])], strict=True):
            sides = [pd.unique(here[side][start:stop]).tolist() for side in ("train", "scored")]
            yield Leak(
                fold.repeat,
                fold.index,
                split,
                "background",
                f"{self._called(sides[0][0], sides[1][0])} (r {here['r'][start]:.2f})",
                *sides,
                misled=[clip for clip in sides[1] if clip in misled],
                what=(here["low"][start], here["high"][start]),
            )

    def _called(self, ours: int, theirs: int) -> str:
        """Return the name of the background that two clips share: their groups', or theirs where they have none."""
        if self.known[ours] and self.known[theirs]:
            return " ~ ".join(sorted({self.names[ours], self.names[theirs]}))
        return f"{self.names[theirs]} ~ {self.names[ours]}"


def told(found: Sequence[Leak], plan: Plan, table: pd.DataFrame) -> list[str]:
    """Return what a user is told of the leaks: a short table, and what they mean for the score."""
    if not found:
        shared = "group, file" if table["group"].any() else "file"
        return [f"no leak was found: no {shared} or near-identical background is both trained on and scored"]
    totals = {
        "validation": len({row for fold in plan.folds for row in fold.validation}),
        "test": int((table["split"] == "test").sum()),
    }
    lines, meant = [f"{'leaks':<16}{'split':<12}{'found':>6}  scored clips concerned"], []
    for split, total in totals.items():
        here = {kind: [leak for leak in found if (leak.split, leak.kind) == (split, kind)] for kind in _CALLED}
        misled = _clips(leak.misled for leak in here["background"])
        for kind, some in here.items():
            if not some:
                continue
            count, clips = len({leak.what for leak in some}), _clips(leak.scored for leak in some)
            lines.append(f"{_CALLED[kind]:<16}{split:<12}{count:>6}  {clips} of {total}")
            # clips of one recording look alike anyway, and where no label is the same the room helps nobody
            if kind != "background" or not (here["group"] or misled == clips):
                meant.append(_meaning(kind, split, count, f"{clips} of {total} scored clips"))
        if misled:
            meant.append(
                f"leak: {misled} of {total} scored clips ({split}) have a background that recurs in training where "
                "the label differs; there a model that knows the room will be wrong, and may fall below chance; "
                "see leaks.csv"
            )
    return lines + meant


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
        f"{known} instead of the action; see leaks.csv"
    )
