"""What the user typed after the verb: paths made absolute, names and keys checked, sweeps expanded.

Everything here happens before Hydra runs a job and without TensorFlow, so that a wrong word is answered
at once, with what exists and the nearest match.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli import composing, config_files, schema
from darkhar_cli.errors import BadRequest, nearest, unknown
from darkhar_cli.sweep_words import Job, Request, bare_key, expand


def _quoted(value: str) -> str:
    """Quote free text for Hydra, unless it is quoted or refers to another key."""
    if value[:1] in ("", "'", '"') or "${" in value:
        return value
    # Hydra reads a backslash as one unless a quotation mark, the last one included, stands behind it
    return "'" + re.sub(r"(\\*)(\'|$)", lambda found: 2 * found[1] + found[2].replace("'", "\\'"), value) + "'"


def _absolute(value: str, literals: Iterable[str]) -> str:
    """Make one path absolute and quote it for Hydra; leave literal words and finished quotes alone."""
    if not value or value in literals or _quoted(value) == value:
        return value
    return _quoted(os.path.abspath(os.path.expanduser(value)))


def absolute_paths(overrides: list[str], multirun: bool) -> list[str]:
    """Make path values absolute against the caller's folder and quote them and free text for Hydra."""
    typed = {bare_key(word).partition(".")[0] for word in overrides if "." in bare_key(word)}
    groups = [group for group in schema.GROUPS if group in typed]  # no other file has to be read for it
    paths, literals = schema.path_keys(groups), {"null", "none", "imagenet", "auto", schema.MISSING}
    texts = {
        f"{group}.{p.name}"
        for group in groups
        for option in schema.options(group).sound()
        for p in option.parameters.values()
        if "str" in p.types
    } | {"name"}
    done = []
    for override in overrides:
        key, sign, value = override.partition("=")
        bare = key.lstrip("+")
        if sign and bare in paths:
            sweep = multirun and not Path(value).expanduser().exists()
            if not (sweep and re.match(r"\w+\(.*\)$", value)):  # choice(...) and its like are Hydra's to read
                pieces = value.split(",") if sweep else [value]
                value = ",".join(_absolute(piece, literals) for piece in pieces)
        elif sign and bare in texts and value not in literals and not (multirun and "," in value):
            value = _quoted(value)
        done.append(f"{key}{sign}{value}")
    return done


def parse(overrides: list[str]) -> list[Override]:
    """Parse overrides with Hydra's grammar.

    Raises:
        BadRequest: a word that is no override.
    """
    try:
        return OverridesParser.create().parse_overrides(overrides)
    except OverrideParseException as problem:
        raise BadRequest(
            f"{problem.override!r} is not understood; give choices as group=option and settings as key=value "
            f"(for instance enhance=histeq sampler.frames=16); quote values with special characters"
        ) from problem


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [v.text if isinstance(v, QuotedString) else str(v) for v in values]


def groups_of(verb: str) -> tuple[str, ...]:
    """Return the groups a verb's configuration is chosen from."""
    return (*schema.GROUPS, "experiment") if verb == "train" else ("dataset",)


def check_names(parsed: list[Override], verb: str) -> None:
    """Refuse options that do not exist, two options where one is wanted, and a chain with a name twice."""
    groups = groups_of(verb)
    for override in parsed:
        group = override.key_or_group
        if group not in groups or isinstance(override.value(), Mapping):
            continue
        if override.is_delete():
            raise BadRequest(f"{group} cannot be taken out; choose from {', '.join(schema.options(group))}")
        if override.value() is None and group == "experiment":
            continue
        names = _names(override.value())
        for name in names:
            schema.check_option(group, name)
        if group not in schema.CHAINS and isinstance(override.value(), list):
            raise BadRequest(f"{group} takes one option, not {len(names)}; to compare them use -m {group}=a,b")
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise BadRequest(f"{group}: {twice[0]!r} stands twice in the chain {'+'.join(names)}")


def check_keys(parsed: list[Override], base: Mapping[str, Any], verb: str) -> None:
    """Refuse keys that the chosen options do not have, with or without a leading `+`."""
    for override in parsed:
        key = override.key_or_group
        if key.startswith("hydra") or "/" in key or key == "experiment":
            continue
        node: Any = base
        parts = key.split(".")
        for depth, part in enumerate(parts):
            if not isinstance(node, Mapping):
                raise BadRequest(f"{'.'.join(parts[:depth])} has no parts; give {'.'.join(parts[:depth])}=...")
            if part not in node:
                if parts[0] == "streams" and override.is_add() and (depth > 1 or len(parts) == 2):
                    break  # one more stream, or what one has left out; `composing.filled` checks it
                raise _missing_key(parts, depth, node, verb)
            node = node[part]


def _missing_key(parts: list[str], depth: int, node: Mapping[str, Any], verb: str) -> BadRequest:
    part = parts[depth]
    owners = [group for group, inside in node.items() if isinstance(inside, Mapping) and part in inside]
    if depth == 0 and owners:
        return BadRequest(f"unknown setting or group {part!r}; did you mean {owners[0]}.{part}?")
    if depth == 0:
        return unknown("setting or group", part, {*node, "experiment"} if verb == "train" else node)
    if parts[0] in schema.CHAINS and depth == 1:
        chain = "+".join(node)
        if part in schema.options(parts[0]):
            return BadRequest(f"{'.'.join(parts)}: {part!r} is not in the chain {chain}; add {parts[0]}={part}")
        return unknown(parts[0], part, schema.options(parts[0]))
    if parts[0] == "streams" and depth == 1:
        return unknown("stream", part, node)
    if parts[0] == "streams":
        owner, known = ".".join(parts[:depth]), schema.PART_KINDS if depth == 2 else list(node)
        how = f"add it with +{'.'.join(parts)}=..." if part in known or depth > 2 else f"it takes {', '.join(known)}"
        return BadRequest(f"{owner} has no {part!r} of its own; {how}{nearest(part, known)}")
    owner = f"{'.'.join(parts[:depth])}" if parts[0] in schema.CHAINS else parts[0]
    name = node.get("name")
    takes = [k for k in node if k != "name"]
    what = f"{owner} {name!r}" if name else owner
    allowed = ", ".join(takes) or "no parameters"
    return BadRequest(f"{what} has no parameter {part!r}; it takes {allowed}{nearest(part, takes)}")


def _compose(verb: str, words: list[str]) -> dict[str, Any]:
    try:
        config = compose(config_name=verb, overrides=words)
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    except (HydraException, OmegaConfBaseException) as problem:
        said = str(problem).strip() or str(problem.__cause__ or type(problem).__name__).strip()
        raise BadRequest(f"configuration refused: {said.splitlines()[0]}") from problem


def read_request(verb: str, overrides: list[str], multirun: bool, config_dir: str | None) -> Request:
    """Turn the words behind a verb into checked configurations.

    Raises:
        BadRequest: anything that is not fully valid, before a job starts.
    """
    jobs, swept, words = expand(overrides, parse(overrides), multirun)
    extra = [f"hydra.searchpath=['file://{Path(config_dir).resolve()}']"] if config_dir else []
    request = Request([], multirun, swept, words)
    with initialize_config_dir(str(schema.CONF), version_base="1.3"):
        request.jobs += [_checked(verb, job, extra) for job in jobs]
    request.check_folders()
    return request


def _checked(verb: str, words: list[str], extra: list[str]) -> Job:
    """Return one job with its checked configuration."""
    parsed = parse(words)
    check_names(parsed, verb)
    choices = [w for w, p in zip(words, parsed, strict=True) if p.key_or_group in groups_of(verb)]
    base = _compose(verb, choices + extra)
    files = config_files.used(verb, words + extra)
    config_files.check_places(files)
    try:
        check_keys(parsed, base, verb)
        config = _compose(verb, words + extra)
        schema.check(config, verb)
        made = composing.filled(config)
    except BadRequest as problem:
        if problem.place in {bare_key(word) for word in words} - set(groups_of(verb)):
            raise
        raise config_files.blamed(problem, files) from problem
    composing.refuse_idle(config, {p.key_or_group.partition(".")[0] for p in parsed})
    return Job(words, made)
