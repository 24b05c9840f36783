"""One yaml file of a group with its comments, which are the schema of what it sets:

    frames: 8    # int >= 1 | float > 0 < 1: frames per clip, or a fraction of each clip

A file that defines a part types every key, or is refused by line. A user's file may instead be a preset: it sets keys
of a part that another file defines (`name: uniform` in many.yaml), and that file types them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli.config.parameter_types import Parameter, is_type
from darkhar_cli.errors import BadRequest

_NOT_PARAMETERS = ("name", "defaults", "hydra")
_VALUE = r"(?:\s+(?:\"[^\"]*\"|'[^']*'|[^#]*?))?"
_LINE = re.compile(rf"(\w+):{_VALUE}\s+#\s*(.+?)(?::\s+(.*))?$")


@dataclass(frozen=True)
class Option:
    """One yaml file of a group: what the user types after `group=`.

    Attributes:
        group: its folder.
        name: its own name.
        summary: its first comment line, as `list` prints it.
        parameters: by key; one without type and meaning has empty `types`.
        part: what its `name` or `# @package` says: the part that it gives parameters to.
        defines: whether it is the schema of that part, and no preset.
        untyped: for each key without a type, its line and what stands there in place of one.
    """

    group: str
    name: str
    summary: str
    parameters: dict[str, Parameter]
    part: str = ""
    defines: bool = True
    untyped: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """Return every parameter's default."""
        return {key: parameter.default for key, parameter in self.parameters.items()}


def read_option(path: Path, group: str) -> Option:
    """Read one yaml file with its comments.

    Raises:
        BadRequest: it cannot be read, or is no configuration; names the file.
    """
    from darkhar_cli.config import config_files

    text = config_files.read_text(path)
    values = OmegaConf.to_container(config_files.load(path), resolve=False)
    comments = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    summary = next((one for one in comments if not one.startswith("@package")), "")
    parameters: dict[str, Parameter] = {}
    untyped: dict[str, tuple[int, str]] = {}
    for key, value in values.items():
        number, types, meaning = _comment(str(key), text.splitlines())
        typed = bool(meaning) and all(map(is_type, types))
        if key not in _NOT_PARAMETERS or typed:  # `name` is a setting of a verb where it has a type
            if not typed:
                untyped[key] = (number, " | ".join(types))
                types, meaning = (), ""
            parameters[key] = Parameter(key, value, types, meaning)
    if f"/shared/{group}@_here_" in values.get("defaults", ()):
        parameters = _with_shared(group, parameters, untyped)
    part, named = _part(path, group, values, comments)
    return Option(group, path.stem, summary, parameters, part, named and part == path.stem, untyped)


def _with_shared(group: str, own: dict[str, Parameter], untyped: dict[str, tuple[int, str]]) -> dict[str, Parameter]:
    """Return a file's parameters behind which stand those that all options of its group share, which need no type."""
    from darkhar_cli.config.schema import shared_parameters

    shared = shared_parameters(group)
    for key in shared.keys() & untyped.keys():
        own[key] = replace(shared[key], default=own[key].default)
        del untyped[key]
    before = {key: parameter for key, parameter in own.items() if key not in shared}
    return {**before, **shared, **{key: own[key] for key in shared if key in own}}


def _comment(key: str, lines: list[str]) -> tuple[int, tuple[str, ...], str]:
    """Return a key's line (from 1), and the types and meaning that its comment gives, if any."""
    number = next((i for i, line in enumerate(lines, 1) if re.match(rf"[\"']?{re.escape(key)}[\"']?\s*:", line)), 1)
    found = _LINE.match(lines[number - 1]) if lines else None
    if not found or found[1] != key:
        return number, (), ""
    return number, tuple(one.strip() for one in found[2].split(" | ")), found[3] or ""


def _part(path: Path, group: str, values: Mapping[str, Any], comments: list[str]) -> tuple[str, bool]:
    """Return the part that a file is about, and whether it says so itself."""
    if "name" in values:
        return str(values["name"]), True
    package = next((one.split()[-1] for one in comments if one.startswith("@package")), "")
    if package.startswith(f"{group}."):
        return package.removeprefix(f"{group}."), True
    return ("default", True) if group == "train" else (path.stem, False)


def refuse_untyped(path: Path, option: Option) -> None:
    """Refuse a schema that leaves a key without a type: nothing could be checked against it.

    Raises:
        BadRequest: names file, line and key, and shows what to write.
    """
    for key, (line, given) in option.untyped.items():
        has = f"has {given!r} where type and meaning should stand" if given else "has no type"
        raise BadRequest(
            f"{path}, line {line}: {key!r} {has}; write type and meaning behind the value, "
            f"as in `{key}: ...  # int >= 1: what it means`"
        )
