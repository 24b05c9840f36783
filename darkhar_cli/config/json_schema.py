"""The whole schema as JSON Schema (draft 2020-12): what `darkhar train --cfg job` prints and config.yaml holds.

It says what the yaml files' comments say, so that editors, forms and other programs need not read those. One thing
differs: JSON has no whole numbers apart from others, so 3.0 passes for `int`.
"""

from collections.abc import Sequence
from typing import Any

from darkhar_cli.config import schema
from darkhar_cli.config.option_file import Option
from darkhar_cli.config.parameter_types import MISSING, NO_PATHS, Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BOUNDS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}
_PLAIN: dict[str, dict[str, Any]] = {
    "null": {"type": "null"},
    "bool": {"type": "boolean"},
    "mapping": {"type": "object"},
    "str": {"type": "string", "minLength": 1},
    "path": {"type": "string", "minLength": 1, "not": {"enum": [MISSING, *NO_PATHS]}},
    "list of int": {"type": "array", "items": {"type": "integer", "minimum": 1}},
    "list of str": {"type": "array", "items": {"type": "string", "minLength": 1}},
}


def configuration_schema(groups: Sequence[str] = schema.GROUPS) -> dict[str, Any]:
    """Return the JSON Schema of a configuration of `train`, or of some of its groups.

    Raises:
        BadRequest: a yaml file that is no schema; names file and line.
    """
    whole = tuple(groups) == tuple(schema.GROUPS)
    settings = schema.settings("train") if whole else {}
    options = [option for group in groups for option in schema.options(group).values()]
    properties = {group: _group(group) for group in groups}
    properties |= {name: parameter_schema(parameter) for name, parameter in settings.items()}
    return {
        "$schema": DIALECT,
        "title": "darkhar configuration",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": {f"{option.group}.{option.name}": _option(option) for option in options},
    }


def _group(group: str) -> dict[str, Any]:
    """Return a group's schema: one of its options, or for a chain several by name."""
    places = {name: {"$ref": f"#/$defs/{group}.{name}"} for name in schema.options(group)}
    if group not in schema.CHAINS:
        return {"anyOf": list(places.values())}
    return {"type": "object", "properties": places, "minProperties": 1, "additionalProperties": False}


def _option(option: Option) -> dict[str, Any]:
    """Return an option's schema: its name, where its node has one, and its parameters."""
    named = option.group not in (*schema.CHAINS, "train")
    properties: dict[str, Any] = {"name": {"const": option.part}} if named else {}
    properties |= {key: parameter_schema(parameter) for key, parameter in option.parameters.items()}
    return {
        "title": f"{option.group}={option.name}",
        "description": option.summary,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter's schema: its alternatives, meaning, and default where it has one."""
    kinds = [type_schema(kind) for kind in parameter.types]
    made: dict[str, Any] = dict(kinds[0]) if len(kinds) == 1 else {"anyOf": kinds}
    made["description"] = parameter.meaning
    return made if parameter.default == MISSING else made | {"default": parameter.default}


def type_schema(kind: str) -> dict[str, Any]:
    """Return the schema of one alternative of a type (see `parameter_types`)."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if kind.startswith("["):
        items = [type_schema(one) for one in kind[1:-1].split(", ")]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    word, *bounds = kind.split()
    if word in ("int", "float"):
        number = {"type": "integer" if word == "int" else "number"}
        return number | {_BOUNDS[sign]: _number(end) for sign, end in zip(bounds[::2], bounds[1::2], strict=True)}
    return {"const": _number(kind) if kind.replace(".", "").isdigit() else kind}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)
