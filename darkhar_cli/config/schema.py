"""The shape of a configuration, read from the yaml files that users edit.

Every parameter in `conf/` carries its type and meaning in the comment behind it:

    frames: 8    # int >= 1 | float > 0 < 1: frames per clip, or a fraction of each clip

so that the files are the schema: what `list` prints, what `train` accepts and what a reader sees are one text
(`parameter_types` says which types there are).
No part is imported here, so a configuration is accepted or refused without TensorFlow.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from darkhar_cli import plugins, registry
from darkhar_cli.config.mistakes import Mistakes
from darkhar_cli.config.option_file import Option as Option
from darkhar_cli.config.option_file import read_option, refuse_untyped
from darkhar_cli.config.parameter_types import MISSING as MISSING
from darkhar_cli.config.parameter_types import Parameter, check_value
from darkhar_cli.config.parameter_types import is_path as is_path
from darkhar_cli.errors import BadRequest, nearest, unknown
from darkhar_cli.labels import PART_KINDS as PART_KINDS

HERE = Path(__file__).resolve().parent.parent
CONF = next(p for p in (HERE / "conf", HERE.parent / "conf") if (p / "train.yaml").is_file())
CHAINS = ("enhance", "augment")  # groups of which several options may be chosen, in order
GROUPS = ("dataset", *PART_KINDS, "augment", "cv", "train", "runtime", "robustness", "tracker")
_own: list[Path] = []  # folders of a user's own options


def set_config_dir(folder: Path | None) -> None:
    """Let a user's folder (`--config-dir`), or none, add options to the groups."""
    _own[:] = [folder] if folder is not None and folder != CONF else []
    options.cache_clear()


def add_folders(folders: Iterable[Path]) -> None:
    """Let further folders add options: those of a user's own parts."""
    _own.extend(folders)
    options.cache_clear()


def set_own_folders(folders: Iterable[Path]) -> None:
    """Let these folders add options, as `own_folders` of another process says."""
    _own[:] = folders
    options.cache_clear()


def own_folders() -> tuple[Path, ...]:
    """Return the folders of a user's own options."""
    return tuple(_own)


@cache
def shared_parameters(group: str) -> dict[str, Parameter]:
    """Return what every option of a group takes beside its own parameters (`conf/shared/<group>.yaml`)."""
    path = CONF / "shared" / f"{group}.yaml"
    return _schema_in(path, "shared") if path.is_file() else {}


def _schema_in(path: Path, group: str) -> dict[str, Parameter]:
    """Return the parameters of a file of darkhar's own that stands outside the groups."""
    option = read_option(path, group)
    refuse_untyped(path, option)
    return option.parameters


@dataclass(frozen=True)
class Options(Mapping[str, Option]):
    """A group's options by name, in alphabetical order; a file is read when it is asked for, and only then refused."""

    group: str
    files: Mapping[str, Path]
    _read: dict[str, Option] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Option:
        if name not in self._read:
            self._read[name] = self._typed(read_option(self.files[name], self.group))
        return self._read[name]

    def _typed(self, option: Option) -> Option:
        """Return an option whose keys have types: its own, or where it is a preset those of the part's own file."""
        if not option.untyped or self.group not in GROUPS:
            return option
        if option.defines or not self.own(option.name):
            refuse_untyped(self.files[option.name], option)
        if option.part == option.name or option.part not in self:
            return option  # refused where it is used: no such part
        known, here = self[option.part].parameters, dict(option.parameters)
        here |= {k: replace(known[k], default=here[k].default) for k in option.untyped if k in known}
        return replace(option, parameters=here)

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __contains__(self, name: object) -> bool:
        return name in self.files

    def own(self, name: str) -> bool:
        """Whether an option is a user's own file."""
        return self.files[name].parent.parent != CONF

    def sound(self) -> Iterator[Option]:
        """Go through the options whose files can be read."""
        for name in self:
            with suppress(BadRequest):
                yield self[name]


@cache
def options(group: str) -> Options:
    """Return every option of a group by name; darkhar's own come before a user's of the same name, as in Hydra."""
    found: dict[str, Path] = {}
    for folder in (*reversed(_own), CONF):
        found |= {path.stem: path for path in (folder / group).glob("*.yaml")}
    return Options(group, dict(sorted(found.items())))


def check_option(group: str, name: str) -> None:
    """Refuse an option that is not there, whose file is broken, or which another of its name hides.

    Raises:
        BadRequest: names what was given, what there is, or the file.
    """
    files = [folder / group / f"{name}.yaml" for folder in (CONF, *_own)]
    there = [file for file in files if file.exists()]
    if len(there) > 1 and there[0].resolve() != there[1].resolve():
        raise BadRequest(f"{there[1]} is not read: {there[0]} has the same name and comes first; rename yours")
    if name not in options(group):
        other = next((f for folder in _own for f in (folder / group).glob(f"{name}.y*ml")), None)
        hint = f"; {other} is not read: its name must end in .yaml" if other else ""
        made = unknown(group, name, options(group))
        raise BadRequest(f"{made}{hint}") if hint else made
    options(group)[name]


@cache
def settings(verb: str) -> dict[str, Parameter]:
    """Return the top-level settings of a verb's own yaml file (`seed`, `name`, ...)."""
    return _schema_in(CONF / f"{verb}.yaml", verb)


def path_keys(groups: Iterable[str] = GROUPS) -> set[str]:
    """Return the dotted keys whose value may be a path: they are made absolute before Hydra sees them."""
    keys = {"hydra.run.dir", "hydra.sweep.dir"}
    for group in groups:
        for option in options(group).sound():
            keys |= {f"{group}.{p.name}" for p in option.parameters.values() if "path" in p.types}
    return keys | {p.name for p in settings("train").values() if "path" in p.types}


def setting_keys() -> list[str]:
    """Return the dotted keys of all settings: those without a group, then the groups', `train` first."""
    groups = sorted(GROUPS, key=lambda group: group != "train")
    keys = [f"{group}.{key}" for group in groups for option in options(group).sound() for key in option.parameters]
    return list(dict.fromkeys([*settings("train"), *GROUPS, *keys]))


def check_parameters(prefix: str, values: Mapping[str, Any], option: Option, what: str) -> None:
    """Refuse unknown parameters and wrong values of one option.

    Raises:
        BadRequest: see `check_value`; an unknown parameter is named with what the option takes.
    """
    mistakes = Mistakes()
    for key, value in values.items():
        if key == "name":
            continue
        if key not in option.parameters:
            takes = ", ".join(option.parameters) or "no parameters"
            close = nearest(key, option.parameters)
            mistakes.add(BadRequest(f"{what} has no parameter {key!r}; it takes {takes}{close}").at(f"{prefix}.{key}"))
            continue
        with mistakes.kept():
            check_value(f"{prefix}.{key}", value, option.parameters[key])
    for key in option.parameters:
        if key not in values:
            mistakes.add(BadRequest(f"{prefix}.{key} is missing from {what}").at(f"{prefix}.{key}"))
    mistakes.refuse()


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
    mistakes = Mistakes()
    for key, value in config.items():
        with mistakes.kept():
            if key in groups:
                check_group(key, value)
            elif key in known:
                check_value(key, value, known[key])
            else:
                raise unknown("setting", key, [*groups, *known]).at(key)
    for key in (*groups, *known):
        if key not in config:
            mistakes.add(BadRequest(f"{key} is missing; it cannot be taken out"))
    mistakes.refuse()


def check_group(group: str, node: Any, place: str = "") -> None:
    """Refuse one group's node if its option or a parameter does not exist or does not fit.

    Args:
        group: it belongs to.
        node: its part of the configuration.
        place: where that stands, if not under the group's own name.
    """
    place = place or group
    if not isinstance(node, Mapping):
        raise unknown(place, node, options(group)).at(place)
    if group in CHAINS:
        if not node:
            raise BadRequest(f"{place} is empty; choose from {', '.join(options(group))}").at(place)
        mistakes = Mistakes()
        for name, values in node.items():
            with mistakes.kept():
                _check_named(group, name, values or {}, f"{place}.{name}")
        mistakes.refuse()
    elif "name" in node or group == "train":
        _check_named(group, node.get("name", "default"), node, place)
    else:
        known = ", ".join(_registered(group))
        raise BadRequest(f"{place}.name is missing; give the {group} that this is: {known}").at(f"{place}.name")


def _registered(group: str) -> list[str]:
    """Return the names that parts are registered under: those of darkhar's own files, and of what was imported."""
    known = [*registry.imported(group), *(part.name for part in plugins.declared() if part.kind == group)]
    return [name for name in options(group) if not options(group).own(name) or name in known]


def _check_named(group: str, name: Any, values: Any, prefix: str) -> None:
    if not isinstance(name, str) or name not in _registered(group):
        raise unknown(group, name, _registered(group)).at(prefix if group in CHAINS else f"{prefix}.name")
    if not isinstance(values, Mapping):
        raise BadRequest(f"{prefix}={values!r}: give a mapping of its parameters").at(prefix)
    check_parameters(prefix, values, options(group)[name], f"{group} {name!r}")
