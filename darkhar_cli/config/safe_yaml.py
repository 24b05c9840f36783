"""Yaml from other people: read as plain values, within bounds, and nothing in it reaches for what it should not.

Folders of runs and of configurations are passed on. A few lines of aliases can stand for billions of values, a
reference such as `${oc.env:TOKEN}` would copy the reader's environment into tables, and Hydra and Python's logging call
whatever `_target_` and `()` name.
"""

import re
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli.config import hydra_adapter
from darkhar_cli.errors import BadRequest

_MOST_BYTES = 4 << 20
_MOST_VALUES = 100_000  # aliases counted as what they stand for
_DEEPEST = 50
_REFERENCE = re.compile(r"(?<!\\)(?:\\\\)*\$\{")
_RESOLVER = re.compile(r"(?<!\\)(?:\\\\)*\$\{\s*([\w.]+)\s*:")
_ALLOWED = ("hydra", "darkhar_job", "now")  # resolvers that only tell what the command says, or the time


def refuse_bombs(path: Path, text: str) -> None:
    """Refuse yaml that would grow beyond bounds. (Tags that name Python objects are refused by the loader.)

    Raises:
        BadRequest: names the file, the line and what stands there.
        yaml.YAMLError: it is no yaml.
    """
    if len(text) > _MOST_BYTES:
        raise BadRequest(f"{path} has {len(text):,} bytes; a configuration has {_MOST_BYTES:,} at most")
    open_nodes: list[tuple[str | None, int]] = []  # anchor, and how many values there were before it
    sizes: dict[str, int] = {}
    values = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            values += sizes.get(event.anchor, _MOST_VALUES)  # of itself: without end
        elif isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, values))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            values += 1
            if anchor:
                sizes[anchor] = values - before
        elif isinstance(event, yaml.ScalarEvent):
            values += 1
            if event.anchor:
                sizes[event.anchor] = 1
        if values > _MOST_VALUES or len(open_nodes) > _DEEPEST:
            what = f"more than {_MOST_VALUES:,} values" if values > _MOST_VALUES else f"deeper than {_DEEPEST} levels"
            raise BadRequest(f"{path}, line {line}: stands for {what}; no configuration does")


def refuse_resolvers(path: Path, node: Any) -> None:
    """Refuse references that reach beyond the configuration, as `${oc.env:NAME}` to the environment.

    Raises:
        BadRequest: names the file, the key and the reference.
    """
    for place, value in _texts(node):
        for name in _RESOLVER.findall(value):
            if name not in _ALLOWED:
                raise BadRequest(f"{path}: {place} is {value!r}, and {name!r} is not taken from a file; type the value")


def refuse_calls(path: Path, node: Any, place: str = "") -> None:
    """Refuse what names code to be called, but for Hydra's own plugins.

    Raises:
        BadRequest: names the file, the key and what it names.
    """
    for key, value in node.items() if isinstance(node, Mapping) else ():
        at = f"{place}.{key}".lstrip(".")
        ours = isinstance(value, str) and value.startswith(hydra_adapter.OWN_TARGETS)
        if key == "()" or (key == "_target_" and not ours):
            raise BadRequest(f"{path}: {at} is {value!r}, which names code to be called; no file may do that")
        refuse_calls(path, value, at)
    for value in node if isinstance(node, list) else ():
        refuse_calls(path, value, place)


def read_stored(path: Path, resolved: bool = True) -> Any:
    """Return what a run has written into a yaml file: plain values. A run resolves its references before it writes.

    Args:
        path: the file.
        resolved: references are refused; else they are texts like others (as the words of a command).

    Raises:
        BadRequest: it is no such yaml, or refers to something; names the file and what stands there.
        OSError: it cannot be read.
    """
    try:
        text = path.read_bytes()[: _MOST_BYTES + 1].decode("utf-8")
        refuse_bombs(path, text)
        made = OmegaConf.to_container(OmegaConf.load(StringIO(text)), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError) as problem:
        reason = getattr(problem, "problem", None) or (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise BadRequest(f"{path} cannot be read: {reason}; no run wrote it") from problem
    except OSError as problem:
        if problem.errno is None:  # OmegaConf's, of a file that holds a single value
            raise BadRequest(f"{path} cannot be read: {problem}; no run wrote it") from problem
        raise
    if not resolved:
        return made
    for place, value in _texts(made):
        if _REFERENCE.search(value):
            raise BadRequest(f"{path}: {place} is {value!r}, which refers to something else; no run writes that")
    return OmegaConf.to_container(OmegaConf.create(made), resolve=True)  # nothing but backslashes to be taken off


def _texts(node: Any, place: str = "") -> list[tuple[str, str]]:
    """Return every text in a configuration, with the dotted key that it stands under; keys are texts too."""
    if isinstance(node, str):
        return [(place or "a value", node)]
    if isinstance(node, Mapping):
        inside = [(f"{place}.{key}".lstrip("."), key, value) for key, value in node.items()]
        return [text for at, key, value in inside for text in (*_texts(key, at), *_texts(value, at))]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value, place)]
    return []
