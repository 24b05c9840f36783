"""Runs as methods: what differs but for the seed is another method, and its seeds are replicates."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.evaluation.outcomes import Result
from darkhar_cli.labels import METHOD_LABELS, ROW_LABELS

_LONGEST = 100  # characters of a name made of settings; longer ones are folders


@dataclass(frozen=True)
class Method:
    """A method: its name in tables and its results by seed, in ascending order."""

    name: str
    results: tuple[Result, ...]

    @property
    def seeds(self) -> list[int]:
        """Return its seeds."""
        return [result.seed for result in self.results]


def methods_of(results: Sequence[Result]) -> list[Method]:
    """Return the results by method, in the order of their first results.

    Runs of one configuration and seed are separated by the folder their run folders are in, else by their own.
    """
    groups = _grouped(results, _configuration)
    for more in (_beside, _alone):
        if any(_repeats(group) for group in groups.values()):
            groups = _grouped(results, partial(_configuration_and, more))
    sorted_groups = [tuple(sorted(group, key=lambda result: result.seed)) for group in groups.values()]
    names = _names([group[0] for group in sorted_groups])
    return [Method(name, group) for name, group in zip(names, sorted_groups, strict=True)]


def _configuration_and(more: Callable[[Result], Hashable], result: Result) -> Hashable:
    return _configuration(result), more(result)


def _configuration(result: Result) -> Hashable:
    return (*(result.labels[key] for key in METHOD_LABELS), *sorted(result.settings.items()))


def _beside(result: Result) -> Hashable:
    return result.folder.resolve().parent


def _alone(result: Result) -> Hashable:
    return result.folder.resolve()


def _grouped(results: Sequence[Result], key: Callable[[Result], Hashable]) -> dict[Hashable, list[Result]]:
    groups: dict[Hashable, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return groups


def _repeats(group: Sequence[Result]) -> bool:
    return max(Counter(result.seed for result in group).values()) > 1


def _names(firsts: Sequence[Result]) -> list[str]:
    """Return short names: the labels that differ (`enhance=histeq`), then settings that do, else folders."""
    abouts = [result.settings | result.labels for result in firsts]
    keys = [key for key in METHOD_LABELS if len({about[key] for about in abouts}) > 1]
    alike: dict[Hashable, list[Mapping[str, str]]] = {}
    for about in abouts:
        alike.setdefault(tuple(about[key] for key in keys), []).append(about)
    for group in alike.values():  # settings that differ between methods of the same labels
        for key in sorted({key for about in group for key in about} - {*ROW_LABELS, *keys}):
            if len({about.get(key) for about in group}) > 1:
                keys.append(key)
    chosen = [key.removesuffix("name") for key in keys if key.endswith(".name")]  # another option has other parameters
    short = [key for key in keys if key.endswith(".name") or not key.startswith(tuple(chosen))]
    for shown in (short, keys):
        names = [
            " ".join(f"{key.removesuffix('.name')}={about[key]}" for key in shown if key in about) for about in abouts
        ]
        if len(set(names)) == len(names) and all(names) and max(map(len, names)) <= _LONGEST:
            return names
    folders = [result.folder.name for result in firsts]
    return folders if len(set(folders)) == len(folders) else [str(result.folder) for result in firsts]


def baseline_of(methods: Sequence[Method], wanted: str | None = None) -> int:
    """Return which method the others are compared with.

    Args:
        methods: all of them.
        wanted: a method's name, the folder of one of its runs, or its differing setting as key=value; None takes the
            first with `enhance=none`, else the first.

    Raises:
        BadRequest: no method is called so, or several are.
    """
    if wanted is None:
        return next((i for i, one in enumerate(methods) if one.results[0].labels["enhance"] == "none"), 0)
    names = [method.name for method in methods]
    if wanted in names:
        return names.index(wanted)
    place = Path(wanted).expanduser().resolve()
    fits = [i for i, one in enumerate(methods) if any(_holds(place, result, wanted) for result in one.results)]
    if not fits:
        pairs = [word.partition("=")[::2] for word in wanted.split()]
        fits = [i for i, one in enumerate(methods) if all(_has(one.results[0], *pair) for pair in pairs)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise BadRequest(f"baseline={wanted} fits {', '.join(names[i] for i in fits)}; name one of them in full")
    raise BadRequest(f"baseline={wanted} is none of the methods: {', '.join(names)}{nearest(wanted, names)}")


def _holds(place: Path, result: Result, wanted: str) -> bool:
    return result.folder.resolve() == place or result.folder.name == wanted


def _has(result: Result, key: str, value: str) -> bool:
    return bool(key) and (result.settings | result.labels).get(key) == value


def seed_pairs(base: Method, other: Method) -> tuple[list[tuple[Result, Result]], list[str]]:
    """Return the results of two methods paired within a seed, and in words which seeds have no partner.

    Where no seed is common to both they are paired in ascending order: seeds are draws, whichever are paired.
    """
    theirs = {result.seed: result for result in other.results}
    pairs = [(result, theirs[result.seed]) for result in base.results if result.seed in theirs]
    if not pairs:
        pairs = list(zip(base.results, other.results, strict=False))
        return pairs, [f"{base.name} and {other.name} have no seed in common; theirs are paired in ascending order."]
    lonely = sorted(set(base.seeds) ^ set(other.seeds))
    if not lonely:
        return pairs, []
    words = ", ".join(map(str, lonely))
    return pairs, [f"{base.name} and {other.name} are compared by the seeds that both have; not by {words}."]
