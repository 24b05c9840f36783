"""Controls: what a result would be without any action in it. They are experiments like others, on the same folds."""

import re
from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli import schema

NAMES = ("control_background", "control_luma", "control_motion", "control_shuffled")


def control(name: str, beside: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a control beside an experiment: its own parts, the experiment's data and folds.

    `control_shuffled` names no parts: it is the experiment itself.

    Args:
        name: one of `NAMES`.
        beside: the experiment's configuration.
    """
    path = schema.CONF / "experiment" / f"{name}.yaml"
    asked = OmegaConf.to_container(OmegaConf.load(path))
    made = dict(beside) | {"name": asked["name"], "controls": False, "fresh": False}
    chosen = dict(found.groups() for line in path.read_text().splitlines() if (found := _override(line)))
    for group, word in chosen.items():
        option = schema.options(group)[word.strip("[]")]
        values = {key: parameter.default for key, parameter in option.parameters.items()}
        made[group] = {word.strip("[]"): values} if group == "enhance" else {"name": word, **values}
    if chosen:
        made["train"] = {
            key: parameter.default for key, parameter in schema.options("train")["default"].parameters.items()
        }
    for group in (*schema.PART_KINDS, "train"):
        if group in asked:
            made[group] = {**made[group], **asked[group]}
    schema.check(made)
    return made


def _override(line: str) -> re.Match[str] | None:
    return re.match(r"\s*- override /(\w+): (\S+)", line)
