"""What a search draws from: a yaml file of settings, each with the values or the range it may take.

enhance: [none, gamma, [denoise, gamma]]
classifier: [lstm, mean_pool]
classifier.units: {low: 8, high: 64, step: 8, when: {classifier: lstm}}
train.learning_rate: {low: 0.0001, high: 0.01, log: true}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli.config import config_files
from darkhar_cli.errors import BadRequest, nearest

_TAKES = ("values", "low", "high", "step", "log", "when")


@dataclass(frozen=True)
class Dimension:
    """One setting of a space.

    Attributes:
        key: of the setting, or the group of an option.
        values: as typed; empty where it has a range.
        low: least number.
        high: most.
        step: between numbers of the range; None: 1 for whole numbers, any for others.
        log: whether the range is even in the logarithm.
        when: the setting is there only where others, that stand before it, have one of these values.
    """

    key: str
    values: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int) and isinstance(self.step, int | None)

    def applies(self, drawn: Mapping[str, str]) -> bool:
        """Whether it is drawn beside what is drawn already."""
        return all(drawn.get(key) in values for key, values in self.when.items())

    def draw(self, trial: Any) -> str:
        """Return a value, as typed, that an Optuna trial suggests."""
        if self.values:
            return str(trial.suggest_categorical(self.key, list(self.values)))
        if self.whole:
            return str(trial.suggest_int(self.key, self.low, self.high, step=self.step or 1, log=self.log))
        return repr(float(trial.suggest_float(self.key, self.low, self.high, step=self.step, log=self.log)))

    def examples(self) -> tuple[str, ...]:
        """Return each value, or both ends of the range."""
        return self.values or (str(self.low), str(self.high))


@dataclass(frozen=True)
class Space:
    """The settings that a search draws, in the order of the file."""

    dimensions: tuple[Dimension, ...]

    def draw(self, trial: Any) -> list[str]:
        """Return the words of a trial."""
        drawn: dict[str, str] = {}
        for one in self.dimensions:
            if one.applies(drawn):
                drawn[one.key] = one.draw(trial)
        return _words(drawn)

    def examples(self) -> Iterator[list[str]]:
        """Yield the words of a few trials, in which each value and both ends of each range stand."""
        for one in self.dimensions:
            for value in one.examples():
                wanted = {one.key: value} | {key: values[0] for key, values in one.when.items()}
                drawn: dict[str, str] = {}
                for other in self.dimensions:
                    if other.applies(drawn):
                        drawn[other.key] = wanted.get(other.key, other.examples()[0])
                yield _words(drawn)


def _words(drawn: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in drawn.items()]


def read_space(file: Path) -> Space:
    """Read a space.

    Raises:
        BadRequest: no such file, or one that is no space; names the setting and what it may have.
    """
    found: Any = OmegaConf.to_container(config_files.load(file), resolve=True)
    dimensions: list[Dimension] = []
    for key, node in found.items():
        if str(key).startswith("hydra") or str(key) in ("seed", "name", "cv.only"):
            raise BadRequest(f"{file}: {key} is nothing to search over")
        dimensions.append(_dimension(f"{file}: {key}", str(key), node, [one.key for one in dimensions]))
    return Space(tuple(dimensions))


def _dimension(what: str, key: str, node: Any, before: Sequence[str]) -> Dimension:
    node = {"values": node} if isinstance(node, list) else node
    if not isinstance(node, Mapping):
        raise BadRequest(f"{what}: give a list of values, or a mapping of low and high")
    for name in node:
        if name not in _TAKES:
            raise BadRequest(f"{what} has no {name!r}; it takes {', '.join(_TAKES)}{nearest(str(name), _TAKES)}")
    when = _conditions(what, node.get("when") or {}, before)
    values = node.get("values")
    if ("values" in node) == ("low" in node or "high" in node):
        raise BadRequest(f"{what}: give either values, or low and high")
    if values is not None:
        if not isinstance(values, list) or len(values) < 2:
            raise BadRequest(f"{what}: give two or more values")
        return Dimension(key, tuple(map(_typed, values)), when=when)
    numbers: list[Any] = [node.get(name) for name in ("low", "high")]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers) or numbers[0] >= numbers[1]:
        raise BadRequest(f"{what}: low and high are numbers, the second above the first")
    if node.get("log") and (node.get("step") is not None or numbers[0] <= 0):
        raise BadRequest(f"{what}: log needs a low above 0, and no step")
    return Dimension(key, (), numbers[0], numbers[1], node.get("step"), bool(node.get("log")), when)


def _conditions(what: str, node: Any, before: Sequence[str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(node, Mapping):
        raise BadRequest(f"{what}: `when` is a mapping of a setting above to its value, or values")
    for key in node:
        if key not in before:
            raise BadRequest(f"{what}: `when` names {key!r}, which does not stand above it{nearest(str(key), before)}")
    return {key: tuple(map(_typed, value if isinstance(value, list) else [value])) for key, value in node.items()}


def _typed(value: Any) -> str:
    """Return a value as it is typed behind `key=`."""
    if isinstance(value, list):
        return f"[{','.join(map(_typed, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)
