"""What a parameter's comment says of its values: types, bounds, and whether a value fits them.

The type is a list of alternatives separated by `|`: `int`, `float`, `bool`, `str`, `path`, `null`,
`list of int`, `list of str`, `[int, int]` (a list of these two), `mapping`, or a literal word; numbers may carry
bounds (`>=`, `>`, `<=`, `<`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from darkhar_cli.errors import BadRequest, nearest

MISSING = "???"
_BOUNDS = {
    ">=": lambda v, b: v >= b,
    ">": lambda v, b: v > b,
    "<=": lambda v, b: v <= b,
    "<": lambda v, b: v < b,
}
NO_PATHS = ("none", "imagenet", "auto")  # words that stand for weights where an option knows them; no file names


@dataclass(frozen=True)
class Parameter:
    """One key of a yaml file: default value, alternatives of its type, and what it means."""

    name: str
    default: Any
    types: tuple[str, ...]
    meaning: str


def is_path(value: Any) -> bool:
    """Whether a value of a parameter that may be a path is one, and no word that stands for one."""
    return value != MISSING and _matches_one(value, "path")


def is_type(kind: str) -> bool:
    """Whether a text is one alternative of a type as a comment may give it."""
    if kind.startswith("["):
        return kind.endswith("]") and all(map(is_type, kind[1:-1].split(", ")))
    number = r"-?[0-9.]+(e-?[0-9]+)?"
    return bool(re.fullmatch(rf"(int|float)( (>=|>|<=|<) {number})*|list of (int|str)|[\w.+/-]+", kind))


def _matches_one(value: Any, kind: str) -> bool:
    """Whether a value fits one alternative of a type."""
    if kind == "null":
        return value is None
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "mapping":
        return isinstance(value, Mapping)
    if kind in ("str", "path"):
        return isinstance(value, str) and value not in ("", *(NO_PATHS if kind == "path" else ()))
    if kind == "list of int":
        return isinstance(value, list) and all(_matches_one(v, "int >= 1") for v in value)
    if kind == "list of str":
        return isinstance(value, list) and all(_matches_one(v, "str") for v in value)
    if kind.startswith("["):  # a list of so many: [int >= 32, int >= 32]
        kinds = kind[1:-1].split(", ")
        return isinstance(value, list) and len(value) == len(kinds) and all(map(_matches_one, value, kinds))
    word, *bounds = kind.split()
    if word in ("int", "float"):
        number = isinstance(value, int if word == "int" else (int, float)) and not isinstance(value, bool)
        pairs = zip(bounds[::2], bounds[1::2], strict=True)
        return number and all(_BOUNDS[sign](value, float(bound)) for sign, bound in pairs)
    if re.fullmatch(r"[0-9.]+", kind):  # a literal number
        return isinstance(value, (int, float)) and not isinstance(value, bool) and value == float(kind)
    return value == kind


def in_words(kind: str) -> str:
    """Return what an alternative of a type allows, numbers and their bounds in words."""
    if kind.startswith("["):
        return f"[{', '.join(map(in_words, kind[1:-1].split(', ')))}]"
    word, *bounds = kind.split()
    if word not in ("int", "float"):
        return kind
    number, given = "a whole number" if word == "int" else "a number", dict(zip(bounds[::2], bounds[1::2], strict=True))
    if given.keys() == {">=", "<="}:
        return f"{number} from {given['>=']} to {given['<=']}"
    said = {">=": "of at least", ">": "above", "<=": "of at most", "<": "below"}
    return " ".join([number, " and ".join(f"{said[sign]} {bound}" for sign, bound in given.items())]).strip()


def check_value(key: str, value: Any, parameter: Parameter) -> None:
    """Refuse a value that fits none of the parameter's types.

    Raises:
        BadRequest: names the key, what was given, what is allowed and the nearest match.
    """
    types = parameter.types
    if value == MISSING:
        raise BadRequest(f"{key} is needed: {parameter.meaning or 'no default'}; give {key}=...").at(key)
    if not types or any(_matches_one(value, kind) for kind in types):
        return
    shown = "null" if value is None else repr(value)
    close = nearest(value, types) if isinstance(value, str) else ""
    meaning = f" ({parameter.meaning})" if parameter.meaning else ""
    raise BadRequest(f"{key}={shown}: allowed is {' | '.join(map(in_words, types))}{meaning}{close}").at(key)
