"""The shape of a configuration, read from the yaml files that users edit.

Every parameter in `conf/` carries its type and meaning in the comment behind it:

    frames: 8    # int >= 1 | float > 0 < 1: frames per clip, or a fraction of each clip

so that the files are the schema: what `list` prints, what `train` accepts and what a reader sees are one text.
The type is a list of alternatives separated by `|`: `int`, `float`, `bool`, `str`, `path`, `null`,
`list of int`, `list of str`, `[int, int]` (a list of these two), `mapping`, or a literal word; numbers may carry
bounds (`>=`, `>`, `<=`, `<`).
No part is imported here, so a configuration is accepted or refused without TensorFlow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli.errors import BadRequest, nearest, unknown

HERE = Path(__file__).resolve().parent
CONF = next(p for p in (HERE / "conf", HERE.parent / "conf") if (p / "train.yaml").is_file())
PART_KINDS = ("sampler", "enhance", "extractor", "classifier")
CHAINS = ("enhance", "augment")  # groups of which several options may be chosen, in order
GROUPS = ("dataset", *PART_KINDS, "augment", "cv", "train", "runtime", "robustness")
MISSING = "???"
_BOUNDS = {
    ">=": lambda v, b: v >= b,
    ">": lambda v, b: v > b,
    "<=": lambda v, b: v <= b,
    "<": lambda v, b: v < b,
}
_NO_PATHS = ("none", "imagenet", "auto")  # words that stand for weights where an option knows them; no file names
_search_path: list[Path] = [CONF]


@dataclass(frozen=True)
class Parameter:
    """One key of a yaml file: default value, alternatives of its type, and what it means."""

    name: str
    default: Any
    types: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Option:
    """One yaml file of a group: what the user types after `group=`."""

    group: str
    name: str
    summary: str
    parameters: dict[str, Parameter]

    @property
    def defaults(self) -> dict[str, Any]:
        """Return every parameter's default."""
        return {key: parameter.default for key, parameter in self.parameters.items()}


def add_config_dir(folder: Path) -> None:
    """Let a user's folder (`--config-dir`) add options to the groups."""
    if folder not in _search_path:
        _search_path.append(folder)
        options.cache_clear()


def read_option(path: Path, group: str) -> Option:
    """Read one yaml file with its comments."""
    text = path.read_text()
    values = OmegaConf.to_container(OmegaConf.load(path), resolve=False) or {}
    comments = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    summary = next((c for c in comments if not c.startswith("@package")), "")
    parameters = {}
    for line in text.splitlines():
        found = re.match(r"(\w+):[^#]*?#\s*(.+?)(?::\s+(.*))?$", line)
        if found and found[1] in values:
            types = tuple(t.strip() for t in found[2].split(" | "))
            parameters[found[1]] = Parameter(found[1], values[found[1]], types, found[3] or "")
    for key, value in values.items():
        if key not in parameters and key not in ("name", "defaults", "hydra"):
            parameters[key] = Parameter(key, value, (), "")
    return Option(group, path.stem, summary, parameters)


@cache
def options(group: str) -> dict[str, Option]:
    """Return every option of a group by name, in alphabetical order."""
    found = {}
    for folder in _search_path:
        for path in sorted((folder / group).glob("*.yaml")):
            found[path.stem] = read_option(path, group)
    return dict(sorted(found.items()))


@cache
def settings(verb: str) -> dict[str, Parameter]:
    """Return the top-level settings of a verb's own yaml file (`seed`, `name`, ...)."""
    return read_option(CONF / f"{verb}.yaml", verb).parameters


def path_keys() -> set[str]:
    """Return the dotted keys whose value may be a path: they are made absolute before Hydra sees them."""
    keys = {"hydra.run.dir", "hydra.sweep.dir"}
    for group in GROUPS:
        for option in options(group).values():
            keys |= {f"{group}.{p.name}" for p in option.parameters.values() if "path" in p.types}
    return keys | {p.name for p in settings("train").values() if "path" in p.types}


def is_path(value: Any) -> bool:
    """Whether a value of a parameter that may be a path is one, and no word that stands for one."""
    return value != MISSING and _matches_one(value, "path")


def _matches_one(value: Any, kind: str) -> bool:
    """Whether a value fits one alternative of a type."""
    if kind == "null":
        return value is None
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "mapping":
        return isinstance(value, Mapping)
    if kind in ("str", "path"):
        return isinstance(value, str) and value not in ("", *(_NO_PATHS if kind == "path" else ()))
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


def check_value(key: str, value: Any, parameter: Parameter) -> None:
    """Refuse a value that fits none of the parameter's types.

    Raises:
        BadRequest: names the key, what was given, what is allowed and the nearest match.
    """
    types = parameter.types
    if value == MISSING:
        raise BadRequest(f"{key} is needed: {parameter.meaning or 'no default'}; give {key}=...")
    if not types or any(_matches_one(value, kind) for kind in types):
        return
    shown = "null" if value is None else repr(value)
    close = nearest(value, types) if isinstance(value, str) else ""
    meaning = f" ({parameter.meaning})" if parameter.meaning else ""
    raise BadRequest(f"{key}={shown}: allowed is {' | '.join(types)}{meaning}{close}")


def check_parameters(prefix: str, values: Mapping[str, Any], option: Option, what: str) -> None:
    """Refuse unknown parameters and wrong values of one option.

    Raises:
        BadRequest: see `check_value`; an unknown parameter is named with what the option takes.
    """
    for key, value in values.items():
        if key == "name":
            continue
        if key not in option.parameters:
            takes = ", ".join(option.parameters) or "no parameters"
            close = nearest(key, option.parameters)
            raise BadRequest(f"{what} has no parameter {key!r}; it takes {takes}{close}")
        check_value(f"{prefix}.{key}", value, option.parameters[key])
    for key in option.parameters:
        if key not in values:
            raise BadRequest(f"{prefix}.{key} is missing from {what}")


def check(config: Mapping[str, Any], verb: str = "train") -> None:
    """Refuse a configuration that is not fully valid: unknown keys, names and parameters, wrong types.

    Args:
        config: the composed configuration as plain dicts, without the `hydra` node.
        verb: the verb whose yaml file gives the top-level settings.

    Raises:
        BadRequest: with what was given, what is allowed and the nearest match.
    """
    known = settings(verb)
    groups = GROUPS if verb == "train" else ("dataset",)
    for key, value in config.items():
        if key in groups:
            check_group(key, value)
        elif key in known:
            check_value(key, value, known[key])
        elif key != "experiment":
            raise unknown("setting", key, [*groups, *known])
    for key in (*groups, *known):
        if key not in config:
            raise BadRequest(f"{key} is missing; it cannot be taken out")


def check_group(group: str, node: Any, place: str = "") -> None:
    """Refuse one group's node if its option or a parameter does not exist or does not fit.

    Args:
        group: it belongs to.
        node: its part of the configuration.
        place: where that stands, if not under the group's own name.
    """
    place = place or group
    if not isinstance(node, Mapping):
        raise unknown(place, node, options(group))
    if group in CHAINS:
        if not node:
            raise BadRequest(f"{place} is empty; choose from {', '.join(options(group))}")
        for name, values in node.items():
            _check_named(group, name, values or {}, f"{place}.{name}")
    else:
        _check_named(group, node.get("name", "default"), node, place)


def _check_named(group: str, name: str, values: Mapping[str, Any], prefix: str) -> None:
    if name not in options(group):
        raise unknown(group, name, options(group))
    check_parameters(prefix, values, options(group)[name], f"{group} {name!r}")
