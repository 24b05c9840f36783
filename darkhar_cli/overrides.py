"""What the user typed after the verb: paths made absolute, names and keys checked, sweeps expanded.

Everything here happens before Hydra runs a job and without TensorFlow, so that a wrong word is answered
at once, with what exists and the nearest match.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli import composing, schema
from darkhar_cli.errors import BadRequest, nearest, unknown

_LONGEST = 120


@dataclass
class Job:
    """One composed configuration: plain dicts without the `hydra` node, and the overrides that gave it."""

    overrides: list[str]
    config: dict[str, Any]


@dataclass
class Request:
    """A verb's whole request: the jobs it stands for and the keys that its sweep varies."""

    jobs: list[Job]
    multirun: bool
    swept: list[str] = field(default_factory=list)

    def varied(self, job: Job) -> dict[str, str]:
        """Return what the sweep varies in one job: key -> value as typed."""
        given = dict(word.lstrip("+").split("=", 1) for word in job.overrides if "=" in word)
        return {key: given[key] for key in self.swept}

    def folder(self, job: Job) -> str:
        """Return the name of a job's folder, as Hydra makes it from the job's swept words."""
        return job_folder(",".join(sorted(w for w in job.overrides if bare_key(w) in self.swept)))


def bare_key(word: str) -> str:
    """Return the key of an override, without `+`, `++` or `~`."""
    return word.lstrip("+~").split("=", 1)[0]


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
    paths, literals = schema.path_keys(), {"null", "none", "imagenet", "auto", schema.MISSING}
    texts = {
        f"{group}.{p.name}"
        for group in schema.GROUPS
        for option in schema.options(group).values()
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


def expand(overrides: list[str], multirun: bool) -> tuple[list[list[str]], list[str]]:
    """Return the overrides of every job, and the keys that vary between them."""
    parsed = parse(overrides)
    swept = [o.key_or_group for o in parsed if o.is_sweep_override()]
    if not multirun:
        for override in parsed:
            if override.is_sweep_override():
                raise BadRequest(f"{override.input_line}: several values need -m (one job for each)")
        return [overrides], []
    basic = [o for o in parsed if o.is_discrete_sweep() or not o.is_sweep_override()]
    try:
        batches = BasicSweeper.split_arguments(basic, max_batch_size=None)
    except HydraException as problem:
        raise BadRequest(f"sweep refused: {problem}; name the values: key=a,b,c") from problem
    return [list(job) for batch in batches for job in batch], swept


def job_folder(swept: str) -> str:
    """Return a job's folder name from its swept overrides: readable, safe, and short enough for any file system."""
    safe = re.sub(r"[^\w.,=+-]+", "_", swept.replace("[", "").replace("]", "").replace("'", ""))
    if safe == swept and len(safe) <= _LONGEST:
        return safe or "job"
    mark = sha256(swept.encode()).hexdigest()[:6]
    return f"{safe[:_LONGEST]}-{mark}" if len(safe) > _LONGEST or "/" in swept else safe


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
            if name not in schema.options(group):
                raise unknown(group, name, schema.options(group))
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


def _compose(verb: str, overrides: list[str]) -> dict[str, Any]:
    try:
        config = compose(config_name=verb, overrides=overrides)
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    except (HydraException, OmegaConfBaseException) as problem:
        raise BadRequest(f"configuration refused: {str(problem).strip().splitlines()[0]}") from problem


def read_request(verb: str, overrides: list[str], multirun: bool, config_dir: str | None) -> Request:
    """Turn the words behind a verb into checked configurations.

    Raises:
        BadRequest: anything that is not fully valid, before a job starts.
    """
    jobs, swept = expand(overrides, multirun)
    extra = [f"hydra.searchpath=['file://{Path(config_dir).resolve()}']"] if config_dir else []
    request = Request([], multirun, swept)
    with initialize_config_dir(str(schema.CONF), version_base="1.3"):
        for words in jobs:
            parsed = parse(words)
            check_names(parsed, verb)
            choices = [w for w, p in zip(words, parsed, strict=True) if p.key_or_group in groups_of(verb)]
            check_keys(parsed, _compose(verb, choices + extra), verb)
            config = _compose(verb, words + extra)
            config.pop("experiment", None)
            schema.check(config, verb)
            made = composing.filled(config)
            composing.refuse_idle(config, {p.key_or_group.partition(".")[0] for p in parsed})
            request.jobs.append(Job(words, made))
    return request
