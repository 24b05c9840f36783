"""Schemes that leave whole groups out: one group at a time, or one group of every class together."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count, islice, product

import pandas as pd

from darkhar_cli.errors import BadRequest
from darkhar_cli.randomness import key_of
from darkhar_cli.splits.groups import group_names, needed_groups
from darkhar_cli.splits.kfold import Division, Pair

MOST = 10_000  # folds: more are no cross-validation that anyone would wait for
_TURNS = 50  # drawn combinations per wanted one, for some come twice or leave a class untrained

Groups = Mapping[str, list[str]]  # class -> its groups
Held = frozenset[str]  # groups that one fold scores


def one_group_out(train: pd.DataFrame) -> Division:
    """Score each group once, in alphabetical order, trained on all others; a fold may score few classes.

    Raises:
        BadRequest: no groups are known, or a class has a single one.
    """
    groups = needed_groups("leave_one_group_out", train)
    return Division([_folds(train, [frozenset([name]) for name in _names(groups)])])


def group_per_class_out(train: pd.DataFrame, repeats: int | None, seed: int) -> Division:
    """Score one group of every class together, trained on all others, over all combinations or some drawn ones.

    A group of several classes is held out with all its clips. Drawing holds the groups of a class out in turn, so
    that each is scored about equally often; where no group has several classes, as many folds as the largest class
    has groups score every clip.

    Args:
        train: columns id, label, group.
        repeats: how many different combinations; None takes all.
        seed: of the draws; combinations follow from it and the names alone, not from the order of the rows.

    Raises:
        BadRequest: no groups are known, a class has a single one, no combination leaves every class in training, or
            all are requested and they are too many (the count is named).
    """
    groups = needed_groups("leave_group_per_class_out", train)
    every = _combinations(groups)
    if repeats is None and every is None:
        raise BadRequest(
            f"cv.repeats=null takes every combination of one group per class, and there are {_how_many(groups)}; say "
            f"how many to draw, at most {MOST}: cv.repeats=24"
        )
    taken = (
        every if every is not None and len(every) <= (repeats or MOST) else _draw(groups, repeats or MOST, seed, every)
    )
    if not taken:
        name = min(groups, key=lambda label: (len(groups[label]), label))
        raise BadRequest(
            f"no combination of one group per class was found that leaves every class in training (class {name!r} has "
            f"{len(groups[name])} groups); use cv=leave_one_group_out"
        )
    return Division([_folds(train, taken)], tuple(_notes(groups, repeats, taken)))


def _names(groups: Groups) -> list[str]:
    return sorted(set(chain.from_iterable(groups.values())))


def _folds(train: pd.DataFrame, taken: Iterable[Held]) -> list[Pair]:
    clips = list(zip(train.index.tolist(), group_names(train), strict=True))
    return [([r for r, g in clips if g not in held], [r for r, g in clips if g in held]) for held in taken]


def _leaves_all(groups: Groups, held: Held) -> bool:
    """Whether every class keeps a group to train on."""
    return not any(held.issuperset(names) for names in groups.values())


def _combinations(groups: Groups) -> list[Held] | None:
    """Return all combinations that leave every class in training, in alphabetical order; None if beyond `MOST`."""
    partial: set[Held] = {frozenset()}
    for names in groups.values():
        grown: set[Held] = set()
        for some, name in product(partial, names):
            held = some | {name}
            if _leaves_all(groups, held):  # what loses a class now never gets it back
                grown.add(held)
            if len(grown) > MOST:
                return None
        partial = grown
    return sorted(partial, key=sorted)


def _how_many(groups: Groups) -> str:
    total = math.prod(len(names) for names in groups.values())
    spanning = len(_names(groups)) < sum(len(names) for names in groups.values())  # then some combinations are equal
    return f"up to {total}" if spanning else str(total)


def _draw(groups: Groups, wanted: int, seed: int, every: Iterable[Held] | None) -> list[Held]:
    """Return so many different combinations, or as many as were found."""
    drawn = (frozenset(held) for held in zip(*(_in_turn(*entry, seed) for entry in groups.items()), strict=True))
    rest = sorted(every or (), key=lambda held: key_of(seed, 0, "/".join(sorted(held))))
    taken: dict[Held, None] = {}
    for held in chain(islice(drawn, _TURNS * wanted), rest):
        if _leaves_all(groups, held):
            taken[held] = None
        if len(taken) == wanted:
            break
    return list(taken)


def _in_turn(label: str, names: list[str], seed: int) -> Iterator[str]:
    """Yield a class's groups for ever: all of them in a drawn order, then all in another."""
    for cycle in count():
        yield from sorted(names, key=lambda name: (key_of(seed, cycle, f"left out/{label}/{name}"), name))


def _notes(groups: Groups, repeats: int | None, taken: list[Held]) -> Iterator[str]:
    if repeats and len(taken) < repeats:
        yield f"cv.repeats={repeats} combinations were requested and {len(taken)} found: each runs once"
    names = _names(groups)
    never = set(names).difference(*taken)
    if never:
        yield f"{len(never)} of {len(names)} groups are held out by no fold, so their clips are never scored"
