"""Names and keys that were typed, against what there is: each wrong one is answered with the nearest match."""

from collections.abc import Mapping
from typing import Any

from hydra.core.override_parser.types import Override, QuotedString

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest, nearest, unknown


def _names(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return ["null" if v is None else v.text if isinstance(v, QuotedString) else str(v) for v in values]


def groups_of(verb: str) -> tuple[str, ...]:
    """Return the groups a verb's configuration is chosen from."""
    return (*schema.GROUPS, "experiment") if verb == "train" else ("dataset",)


def check_name(override: Override, verb: str) -> None:
    """Refuse an option that does not exist, two options where one is wanted, and a chain with a name twice.

    Raises:
        BadRequest: names what there is, and the nearest match.
    """
    group = override.key_or_group
    if group not in groups_of(verb) or isinstance(override.value(), Mapping):
        return
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


def check_key(override: Override, base: Mapping[str, Any], verb: str) -> None:
    """Refuse a key that the chosen options do not have, with or without a leading `+`.

    Raises:
        BadRequest: names what there is, and the nearest match.
    """
    key = override.key_or_group
    if key.startswith("hydra") or "/" in key or key == "experiment":
        return
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
