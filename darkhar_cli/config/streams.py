"""Several streams in one configuration: what each leaves out is filled from the parts beside it and from `conf/`.

    streams:
      raw: {enhance: none}
      lit: {enhance: [denoise, gamma], classifier: {units: 32}}

A part is a name, or a mapping with its parameters; without a name the parameters change the part that the whole
configuration has chosen. `enhance` is a name, a list of names, or a mapping of names to parameters.
"""

import os
import re
from collections.abc import Collection, Mapping
from typing import Any

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest, unknown

ALONE = ""  # what the stream is called where there is only one
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def streams_of(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every stream's four parts by the stream's name: the filled `streams`, or the configuration's own parts."""
    if not config.get("streams"):
        return {ALONE: {kind: config[kind] for kind in schema.PART_KINDS}}
    return {name: {kind: parts[kind] for kind in schema.PART_KINDS} for name, parts in config["streams"].items()}


def filled(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration whose streams are whole and checked; doing so twice changes nothing.

    Raises:
        BadRequest: a stream or a part of one is not what it should be.
    """
    streams = config.get("streams")
    if streams is None:
        return dict(config)
    if not isinstance(streams, Mapping) or not streams:
        raise BadRequest(f"streams={streams!r}: give null, or a mapping of stream names to their parts")
    return {**config, "streams": {name: _stream(name, parts, config) for name, parts in streams.items()}}


def refuse_idle(config: Mapping[str, Any], typed: Collection[str]) -> None:
    """Refuse parts that were typed and that no stream takes: each has its own.

    Args:
        config: not filled yet, but sound.
        typed: groups of which something was typed.

    Raises:
        BadRequest: names the part, and where to give it.
    """
    streams = config.get("streams") or {}
    for kind in schema.PART_KINDS if streams else ():
        if kind not in typed:
            continue
        if not any(_takes(kind, (parts or {}).get(kind), config[kind]) for parts in streams.values()):
            where = " or ".join(f"streams.{name}.{kind}=..." for name in streams)
            raise BadRequest(f"{kind}: every stream has its own, so what is given for all does nothing; give {where}")


def _takes(kind: str, given: Any, chosen: Mapping[str, Any]) -> bool:
    """Return whether a stream takes anything of the configuration's own part."""
    if given is None:
        return True
    if kind == "enhance":
        return not set([given] if isinstance(given, str) else given).isdisjoint(chosen)
    return (given if isinstance(given, str) else given.get("name", chosen["name"])) == chosen["name"]


def _stream(name: Any, parts: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    if not _NAME.fullmatch(str(name)):
        raise BadRequest(f"streams: {name!r} is no name for a stream; take letters, digits and underscores")
    if not isinstance(parts, Mapping | None):
        raise BadRequest(f"streams.{name}={parts!r}: give a mapping of {', '.join(schema.PART_KINDS)}")
    for kind in parts or {}:
        if kind not in schema.PART_KINDS:
            raise unknown(f"key of streams.{name}", kind, schema.PART_KINDS)
    made: dict[str, Any] = {}
    for kind in schema.PART_KINDS:
        place, given = f"streams.{name}.{kind}", (parts or {}).get(kind)
        fill = _chain if kind == "enhance" else _part
        made[kind] = fill(kind, given, config[kind], place) if given is not None else config[kind]
        schema.check_group(kind, made[kind], place)
    return made


def _part(kind: str, given: Any, chosen: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a part with all its parameters."""
    values = {"name": given} if isinstance(given, str) else given
    if not isinstance(values, Mapping):
        raise BadRequest(f"{place}={given!r}: give a {kind}'s name, or a mapping of its parameters")
    name = values.get("name", chosen["name"])
    if not isinstance(name, str) or name not in schema.options(kind):
        raise unknown(place, str(name), schema.options(kind))
    option = schema.options(kind)[name]
    base = chosen if name == chosen["name"] else {"name": option.part, **option.defaults}
    values = {**values, "name": base["name"]}
    return {key: _absolute(value, option.parameters.get(key)) for key, value in {**base, **values}.items()}


def _absolute(value: Any, parameter: schema.Parameter | None) -> Any:
    """Return a path as it is from the caller's folder; other values, and words that stand for a path, as they are."""
    if parameter is None or "path" not in parameter.types or not schema.is_path(value):
        return value
    return os.path.abspath(os.path.expanduser(value))


def _chain(kind: str, given: Any, chosen: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a chain of enhancements with all their parameters, in order."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | Mapping) or not names:
        raise BadRequest(f"{place}={given!r}: give a name, a list of names, or a mapping of names to parameters")
    made = {}
    for name in names:
        if not isinstance(name, str) or name not in schema.options(kind):
            raise unknown(f"{kind} in {place}", str(name), schema.options(kind))
        if name in made:
            raise BadRequest(f"{place}: {name!r} stands twice in the chain")
        base = chosen.get(name) or schema.options(kind)[name].defaults
        values = given[name] if isinstance(given, Mapping) else None
        if not isinstance(values, Mapping | None):
            raise BadRequest(f"{place}.{name}={values!r}: give a mapping of its parameters")
        made[name] = {**base, **(values or {})}
    return made


def label(config: Mapping[str, Any], kind: str) -> str:
    """Return a kind's word in every table: the chosen name, or those of all streams, each once."""
    words = []
    for parts in streams_of(config).values():
        words.append("+".join(parts[kind]) if kind == "enhance" else parts[kind]["name"])
    joined = "|".join(dict.fromkeys(words))
    several = len(words) > 1 and kind == "classifier"
    return f"{config['fusion']}({joined})" if several else joined


def folds_shared(config: dict[str, Any], swept: Collection[str]) -> dict[str, Any]:
    """Return a configuration whose folds do not depend on its seed where a sweep varies that.

    Seeds are replicates of a method: its jobs divide the clips alike, as seed 0 does, unless `cv.seed` says otherwise.
    """
    own = config.get("cv", {}).get("seed", 0) is not None  # `prepare` has no folds, some schemes no seed
    if "seed" not in swept or "cv.seed" in swept or own:
        return config
    return {**config, "cv": {**config["cv"], "seed": 0}}
