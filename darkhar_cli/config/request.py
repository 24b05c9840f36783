"""What the user typed after the verb: paths made absolute, names and keys checked, sweeps expanded.

Everything here happens before Hydra runs a job and without TensorFlow, so that a wrong word is answered
at once, with what exists and the nearest match.
"""

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import OverrideParseException

from darkhar_cli import names
from darkhar_cli.config import config_files, schema, streams
from darkhar_cli.config.composition import blamed_choice, composed, others_keys
from darkhar_cli.config.sweep_words import Job, Request, bare_key, expand
from darkhar_cli.errors import BadRequest, nearest, unknown


def _quoted(value: str) -> str:
    """Quote free text for Hydra, unless it is quoted or refers to another key."""
    if value[:1] in ("", "'", '"') or "${" in value:
        return value
    return _quote(value)


def _quote(value: str) -> str:
    # Hydra reads a backslash as one unless a quotation mark, the last one included, stands behind it
    return "'" + re.sub(r"(\\*)(\'|$)", lambda found: 2 * found[1] + found[2].replace("'", "\\'"), value) + "'"


def _absolute(value: str, literals: Iterable[str]) -> str:
    """Make one path absolute and quote it for Hydra; leave literal words, finished quotes and references alone."""
    if value[:1] in ("", "'", '"') or value in literals:
        return value
    path = os.path.abspath(os.path.expanduser(value))
    if "${" in value and not os.path.lexists(path):
        return value
    return _quote(names.unreferring(path))  # a file may be called `${x}`


def _keys_of(groups: Iterable[str], kind: str) -> set[str]:
    """Return the dotted keys of these groups whose value may be of a kind."""
    options = [(group, option) for group in groups for option in schema.options(group).sound()]
    return {f"{group}.{p.name}" for group, option in options for p in option.parameters.values() if kind in p.types}


def absolute_paths(overrides: list[str], multirun: bool) -> list[str]:
    """Make path values absolute against the caller's folder and quote them and free text for Hydra."""
    typed = {bare_key(word).partition(".")[0] for word in overrides if "." in bare_key(word)}
    groups = [group for group in schema.GROUPS if group in typed]  # no other file has to be read for it
    paths, literals = schema.path_keys(groups), {"null", "none", "imagenet", "auto", schema.MISSING}
    texts = _keys_of(groups, "str") | {"name"}
    mappings = _keys_of(groups, "mapping")
    done = []
    for override in overrides:
        key, sign, value = override.partition("=")
        bare = key.lstrip("+")
        if bare in mappings and value.startswith("{"):
            key = f"++{bare}"  # whatever keys it has: what a mapping holds no file can foresee
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
    return ["null" if v is None else v.text if isinstance(v, QuotedString) else str(v) for v in values]


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
            raise BadRequest("experiment=null cannot be one of a sweep's values; sweep over experiments alone")
        given = _names(override.value())
        for name in given:
            schema.check_option(group, name)
        if group not in schema.CHAINS and isinstance(override.value(), list):
            raise BadRequest(f"{group} takes one option, not {len(given)}; to compare them use -m {group}=a,b")
        twice = sorted({n for n in given if given.count(n) > 1})
        if twice:
            raise BadRequest(f"{group}: {twice[0]!r} stands twice in the chain {'+'.join(given)}")


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


def search_path(folders: Sequence[Path]) -> list[str]:
    """Return the word that lets Hydra find the options in folders; none without folders."""
    places = ",".join(_quote(f"file://{folder.resolve()}") for folder in folders)
    return [f"hydra.searchpath=[{places}]"] if folders else []


def read_request(verb: str, overrides: list[str], multirun: bool, config_dir: str | None) -> Request:
    """Turn the words behind a verb into checked configurations.

    Raises:
        BadRequest: anything that is not fully valid, before a job starts.
    """
    overrides = [word for word, one in zip(overrides, parse(overrides), strict=True) if not _no_experiment(one)]
    jobs, swept, words = expand(overrides, parse(overrides), multirun)
    folders = dict.fromkeys([*([Path(config_dir)] if config_dir else []), *schema.own_folders()])
    extra = search_path([*folders])
    request = Request([], multirun, swept, words)
    with initialize_config_dir(str(schema.CONF), version_base="1.3"):
        request.jobs += [_checked(verb, job, extra, swept if multirun else ()) for job in jobs]
    request.words += _taken_out(request.jobs)
    request.check_folders()
    return request


def _no_experiment(parsed: Override) -> bool:
    """Whether a word says that no experiment is wanted, which is so without it; Hydra does not read it."""
    return parsed.key_or_group == "experiment" and not parsed.is_delete() and parsed.value() is None


def _taken_out(jobs: Sequence[Job]) -> list[str]:
    """Return the words that take out settings of an experiment in every job.

    Raises:
        BadRequest: not the same ones in every job.
    """
    each = [job.taken_out for job in jobs]
    unlike = next((words for words in each if words != each[0]), None)
    if unlike is not None:
        keys = ", ".join(sorted(word.lstrip("~") for word in set(unlike) ^ set(each[0])))
        raise BadRequest(f"the experiment sets {keys}, which not all jobs of this sweep have; run them one by one")
    return each[0]


def _checked(verb: str, words: list[str], extra: list[str], swept: Collection[str]) -> Job:
    """Return one job with its checked configuration."""
    parsed = parse(words)
    check_names(parsed, verb)
    chosen = {w: p for w, p in zip(words, parsed, strict=True) if p.key_or_group in groups_of(verb)}
    choices = list(chosen)
    try:
        base = composed(verb, choices + extra)
        others = others_keys(verb, chosen, extra, base)
    except BadRequest as problem:
        raise blamed_choice(verb, chosen, extra, problem) from problem
    for group, keys in others.items():
        base[group] = {key: value for key, value in base[group].items() if key not in keys}
    out = [f"~{group}.{key}" for group, keys in others.items() for key in keys]
    files = config_files.used(verb, words + extra)
    config_files.check_places(files)
    try:
        check_keys(parsed, base, verb)
        config = composed(verb, words + out + extra)
        schema.check(config, verb)
        made = streams.folds_shared(streams.filled(config), swept)
    except BadRequest as problem:
        if problem.place in {bare_key(word) for word in words} - set(groups_of(verb)):
            raise
        raise config_files.blamed(problem, files) from problem
    streams.refuse_idle(config, {p.key_or_group.partition(".")[0] for p in parsed})
    return Job(words + out, made, out)
