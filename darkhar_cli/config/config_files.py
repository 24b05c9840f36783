"""The yaml files a configuration is made of: read whole or refused by name, and each lands where something reads it.

Hydra reads them through `FileConfigSource` below, so that a file is refused in the same words whoever asks for it,
and only where it is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli.config import hydra_adapter, safe_yaml, schema
from darkhar_cli.errors import BadRequest

_GLOBAL = "# @package _global_"
_TYPED_ALONE = ("run", "sweep", "mode", "searchpath")  # of `hydra`: read from the command line, not from files


def read_text(path: Path) -> str:
    """Return a yaml file's text; a byte order mark before it is no part of it.

    Raises:
        BadRequest: it cannot be read, or is not UTF-8; names the file.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except IsADirectoryError as problem:
        raise BadRequest(f"{path} is a folder, not a yaml file; rename it or take it away") from problem
    except OSError as problem:
        raise BadRequest(f"{path} cannot be read: {(problem.strerror or str(problem)).lower()}") from problem
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        raise BadRequest(f"{path}, line {line}: not UTF-8; save the file as UTF-8 text") from problem


@cache
def _parsed(path: Path, text: str) -> DictConfig:
    try:
        if not _is_ours(path):
            safe_yaml.refuse_bombs(path, text)
        made = OmegaConf.load(StringIO(text))
    except yaml.YAMLError as problem:
        raise BadRequest(_broken(path, text, problem)) from problem
    except (OmegaConfBaseException, OSError, ValueError) as problem:
        raise BadRequest(f"{path} is no configuration: {str(problem).strip().splitlines()[0]}") from problem
    if not isinstance(made, DictConfig):
        raise BadRequest(f"{path} holds a list; give settings as `key: value`, one a line")
    if not _is_ours(path):
        values = OmegaConf.to_container(made, resolve=False)
        safe_yaml.refuse_resolvers(path, values)
        safe_yaml.refuse_calls(path, values)
    if made.is_empty() and not _is_ours(path):
        raise BadRequest(f"{path} is empty, so choosing it changes nothing; give settings as `key: value`")
    return made


def _is_ours(path: Path) -> bool:
    return schema.CONF in path.parents


def _broken(path: Path, text: str, problem: yaml.YAMLError) -> str:
    """Return what is wrong with a file that is no yaml, and where."""
    mark = getattr(problem, "problem_mark", None)
    reason = getattr(problem, "problem", None) or str(problem).strip().splitlines()[0]
    where = f", line {mark.line + 1}" if mark else ""
    lines = text.splitlines()
    tab = mark is not None and mark.line < len(lines) and "\t" in lines[mark.line]
    if tab and "'\\t'" in reason:
        return f"{path}{where}: a tab; yaml is indented with spaces"
    return f"{path}{where}: {reason}; mend the yaml there"


def load(path: Path) -> DictConfig:
    """Return what a yaml file says.

    Raises:
        BadRequest: it is not UTF-8, no yaml, has a key twice, is empty or no mapping; names file, line and cure.
    """
    return _parsed(path, read_text(path)).copy()


class FileConfigSource(hydra_adapter.FileConfigSource):
    """Hydra's own reader of files, by our words; it has the same name, for Hydra takes but one of a name."""

    def load_config(self, config_path: str) -> ConfigResult:
        """Read one file."""
        path = Path(self.path) / self._normalize_file_name(config_path)
        if not path.exists():
            return super().load_config(config_path)
        header = hydra_adapter.header_of(read_text(path))
        place = f"{self.scheme()}://{self.path}"
        return ConfigResult(config=load(path), path=place, provider=self.provider, header=header)


hydra_adapter.read_files_with(FileConfigSource)


@dataclass(frozen=True)
class Used:
    """A user's own file that a configuration takes: where it lies, what it is, and the node it fills."""

    path: Path
    group: str
    package: str

    @property
    def keys(self) -> set[str]:
        """Return the dotted keys that it sets."""
        inside = {f"{self.package}.{key}".lstrip(".") for key in _keys(OmegaConf.to_container(load(self.path)))}
        return inside | ({self.package} if self.package else set())


def _keys(values: Any, before: str = "") -> set[str]:
    found = set()
    for key, value in values.items() if isinstance(values, Mapping) else ():
        found |= {f"{before}{key}"} | _keys(value, f"{before}{key}.")
    return found


def used(verb: str, words: Sequence[str]) -> list[Used]:
    """Return the user's own files that these words take, in Hydra's order; none is read without a folder of them.

    To be called where Hydra is initialized.
    """
    own = schema.own_folders()
    if not own:
        return []
    found = []
    for place, package in hydra_adapter.files_of(verb, words):
        file = next((f for f in (folder / f"{place}.yaml" for folder in (schema.CONF, *own)) if f.exists()), None)
        if file is not None and file.parts[: len(schema.CONF.parts)] != schema.CONF.parts:
            found.append(Used(file, place.rpartition("/")[0], package))
    return found


def check_places(files: Sequence[Used]) -> None:
    """Refuse own files that fill a node which nothing reads.

    Raises:
        BadRequest: names the file, the node, and the first line that it needs.
    """
    known = {*schema.GROUPS, *schema.settings("train"), "hydra", ""}
    firsts = {group: f"# @package {group}" for group in schema.GROUPS}
    firsts |= {group: f"# @package {group}.NAME" for group in schema.CHAINS}
    for file in files:
        bare = file.group in schema.CHAINS and file.package == file.group
        if bare or file.package.partition(".")[0] not in known:
            first = firsts.get(file.group, _GLOBAL)
            raise BadRequest(
                f"{file.path} would set {file.package!r}, where nothing reads it; its first line must be {first!r}"
            )
        hydra = OmegaConf.to_container(load(file.path)).get("hydra")
        for key in _TYPED_ALONE if isinstance(hydra, Mapping) else ():
            if key in hydra:
                raise BadRequest(f"{file.path}: hydra.{key} is not taken from a file; give it with the command")


def blamed(problem: BadRequest, files: Sequence[Used]) -> BadRequest:
    """Return a refusal with the name of the own file that the refused key stands in, if one has it."""
    place = getattr(problem, "place", "")
    for file in reversed(files):
        keys = file.keys
        if place and (place in keys or _missing_from(place, file)):
            made = BadRequest(f"{file.path}: {problem}")
            made.place = place
            return made
    return problem


def _missing_from(place: str, file: Used) -> bool:
    """Whether a key is one that the option in this file should have."""
    return file.group in schema.GROUPS and place.rpartition(".")[0] == file.package != ""
