"""Controls: what a result would be without any action in it. They are experiments like others, on the same folds."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli.config import schema

NAMES = ("control_background", "control_luma", "control_motion", "control_shuffled")


def control(name: str, beside: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a control beside an experiment: its own parts, the experiment's data and folds.

    `control_shuffled` names no parts: it is the experiment itself.

    Args:
        name: one of `NAMES`.
        beside: the experiment's configuration.
    """
    changes: Any = OmegaConf.to_container(OmegaConf.load(schema.CONF / "experiment" / f"{name}.yaml"))
    made = dict(beside) | {"name": changes["name"], "controls": False, "final": False, "fresh": False}
    chosen = {
        key.removeprefix("override /"): word for entry in changes.pop("defaults", ()) for key, word in entry.items()
    }
    for group, word in chosen.items():
        if group == "enhance":
            made[group] = {option: schema.options(group)[option].defaults for option in word}
        else:
            made[group] = {"name": word, **schema.options(group)[word].defaults}
    made["cv"] = {**made["cv"], "only": None}  # which a stored configuration has not
    made |= {"robustness": {"name": "none"}, "tracker": {"name": "none"}}
    if chosen:
        made["train"] = schema.options("train")["default"].defaults
        made |= {"augment": {"none": {}}, "streams": None, "score_mirrored": False}
    for group in (*schema.PART_KINDS, "train"):
        if group in changes:
            made[group] = {**made[group], **changes[group]}
    schema.check(made)
    return made
