"""The inner-validation split of a fold's training clips: early stopping evaluates it in place of the scored clips."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from darkhar_cli.randomness import key_of
from darkhar_cli.splits.groups import group_names

_TRIES = 50
_MOST_INNER = 0.35  # a larger split would cost more training clips than early stopping is worth


def inner_part(table: pd.DataFrame, rows: Sequence[int], share: float, seed: int) -> tuple[list[int], list[int]] | None:
    """Divide a fold's training rows into rows to train on and an inner-validation split for early stopping.

    The split shares no group with the rest, both have every class, and of several draws it is the nearest to `share`.

    Returns:
        (training rows, inner-validation rows), or None where no such split of at most a third exists.
    """
    return draw_part(table, rows, share, seed, most=_MOST_INNER)


def draw_part(
    table: pd.DataFrame, rows: Sequence[int], share: float, seed: int, most: float = 1.0, what: str = "inner"
) -> tuple[list[int], list[int]] | None:
    """Draw about a share of some rows that has no group in common with the rest, every class on both sides.

    Which clips are drawn does not depend on the order of the rows.

    Args:
        table: columns id, label, group.
        rows: the rows to divide.
        share: the wanted share of every class; of several draws the nearest in size is taken.
        seed: of the draws.
        most: the largest share that is acceptable.
        what: names the purpose, so that two purposes with one seed draw differently.

    Returns:
        (the rest, the drawn rows), each in the order of `rows`, or None where no draw fits.
    """
    part = table.loc[list(rows)]
    labels, groups = part["label"].to_numpy(), np.array(group_names(part))
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups, strict=True):
        members[group][label] += 1
    total = Counter(labels.tolist())
    best: tuple[float, set[str]] | None = None
    for attempt in range(_TRIES):
        chosen = _draw(members, total, share, partial(_order, seed, attempt, what))
        size = sum(sum(members[group].values()) for group in chosen) / len(labels)
        if chosen and size <= most and (best is None or abs(size - share) < best[0]):
            best = (abs(size - share), chosen)
    if best is None:
        return None
    inside = np.isin(groups, sorted(best[1]))
    index = part.index.to_numpy()
    return index[~inside].tolist(), index[inside].tolist()


def _order(seed: int, attempt: int, what: str, group: str) -> int:
    return key_of(seed, attempt, f"{what}/{group}")


def _draw(
    members: Mapping[str, Counter[str]], total: Counter[str], share: float, key: Callable[[str], int]
) -> set[str]:
    """Take groups in their keys' order, class by class, until each class has about its share; empty if that fails."""
    drawn = sorted(members, key=lambda group: (key(group), group))
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
