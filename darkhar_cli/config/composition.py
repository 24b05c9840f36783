"""Hydra's composition of words to a configuration; what it refuses is said with its place, its cause and the cure."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from darkhar_cli.config import hydra_adapter, schema
from darkhar_cli.errors import BadRequest, nearest


def composed(verb: str, words: Sequence[str]) -> dict[str, Any]:
    """Return the configuration that words stand for, as plain dicts. To be called where Hydra is initialized.

    Raises:
        BadRequest: the words, or the files that they choose, fit no configuration.
    """
    return plain(tree_of(verb, words))


def tree_of(verb: str, words: Sequence[str]) -> DictConfig:
    """Return the configuration that words stand for, with Hydra's own node. To be called where Hydra is initialized.

    Raises:
        BadRequest: the words, or the files that they choose, fit no configuration.
    """
    try:
        return hydra_adapter.composed_tree(verb, words)
    except (HydraException, OmegaConfBaseException) as problem:
        raise _refusal(problem) from problem


def plain(tree: DictConfig) -> dict[str, Any]:
    """Return a configuration as plain dicts, references resolved, without Hydra's own node.

    Raises:
        BadRequest: a reference stands for nothing.
    """
    try:
        own = OmegaConf.masked_copy(tree, [key for key in tree if key != "hydra"])
        return OmegaConf.to_container(own, resolve=True, throw_on_missing=False)
    except OmegaConfBaseException as problem:
        raise _refusal(problem) from problem


def _refusal(problem: Exception) -> BadRequest:
    """Return what was refused, why, and where that is known the key that it concerns."""
    said, cause = str(problem).strip(), str(problem.__cause__ or "").strip()
    lacks = re.search(r"Could not find '([^']+)/([^/']+)'", said)
    if lacks and lacks[1] in schema.GROUPS:
        try:
            schema.check_option(lacks[1], lacks[2])
        except BadRequest as unknown:
            return unknown
    first = ": ".join(one.splitlines()[0].rstrip(".") for one in dict.fromkeys(filter(None, (said, cause))))
    first = first or type(problem).__name__
    twice = re.match(r"(\w+) appears more than once in the final defaults list", said)
    if twice:
        return BadRequest(
            f"{twice[1]} is chosen twice; write `override /{twice[1]}: NAME` where it is not the first time"
        )
    place = re.search(r"full_key: (\S+)", f"{said}\n{cause}")
    reference = re.search(r"Interpolation key '([^']+)' not found", said)
    if not place:
        return BadRequest(f"configuration refused: {first}")
    if reference:
        close = nearest(reference[1], schema.setting_keys())
        return BadRequest(
            f"{place[1]}: ${{{reference[1]}}} stands for a setting's value, and there is none of that name{close}"
        ).at(place[1])
    return BadRequest(f"{place[1]}: {first}").at(place[1])


def blamed_choice(verb: str, choices: Mapping[str, Override], extra: list[str], problem: BadRequest) -> BadRequest:
    """Return a refusal with the name of the own file without which it would not be, if there is one.

    Args:
        verb: whose configuration it is.
        choices: words that choose options, parsed.
        extra: words that are always given.
        problem: the refusal.
    """
    for word, parsed in reversed(list(choices.items())):
        group, name = parsed.key_or_group, parsed.value()
        known = schema.options(group)
        if not isinstance(name, str) or name not in known or not known.own(name):
            continue
        if str(problem).startswith(str(known.files[name])):
            return problem
        try:
            composed(verb, [other for other in choices if other != word] + extra)
        except BadRequest:
            continue
        return BadRequest(f"{known.files[name]}: {problem}").at(problem.place)
    return problem


def others_keys(
    verb: str, choices: Mapping[str, Override], extra: list[str], base: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return, by group, what an experiment sets for its own choice and another that was typed does not have.

    Args:
        verb: whose configuration it is.
        choices: words that choose options, parsed.
        extra: words that are always given.
        base: what they stand for.
    """
    if not any(parsed.key_or_group == "experiment" for parsed in choices.values()):
        return {}
    found = {}
    for word, parsed in choices.items():
        group = parsed.key_or_group
        if group in ("experiment", *schema.CHAINS) or not isinstance(base.get(group), Mapping):
            continue
        unknown = set(base[group]).difference(_takes(group, base[group]))
        if unknown:
            own = composed(verb, [other for other in choices if other != word] + extra)[group]
            if own.get("name") != base[group].get("name"):
                found[group] = sorted(unknown.intersection(_takes(group, own)))
    return {group: keys for group, keys in found.items() if keys}


def _takes(group: str, node: Mapping[str, Any]) -> Collection[str]:
    name = node.get("name", "default")
    return {"name", *schema.options(group)[name].parameters} if name in schema.options(group) else set(node)
