"""What a clip belongs to (scene, actor, recording), and what the groups of a table allow."""

from collections.abc import Mapping

import pandas as pd

from darkhar_cli.errors import BadRequest


def group_names(table: pd.DataFrame) -> list[str]:
    """Return each clip's group; a clip without one is its own."""
    return [group or f"clip {name}" for group, name in zip(table["group"], table["id"], strict=True)]


def are_known(table: pd.DataFrame) -> bool:
    """Whether any clip of a table has a group."""
    return bool(table["group"].any())


def groups_of(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the groups of each class, both in alphabetical order, whatever the order of the table's rows."""
    named = table.assign(group=group_names(table))
    return {label: sorted(set(part)) for label, part in named.groupby("label")["group"]}


def fewest(counts: Mapping[str, int]) -> tuple[str, int]:
    """Return the class with the smallest count, and that count; of equal ones the first by name."""
    return min(counts.items(), key=lambda item: (item[1], item[0]))


def needed_groups(scheme: str, table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the groups of each class, for a scheme that keeps groups whole.

    Raises:
        BadRequest: no groups are known, or a class has a single one (named).
    """
    if not are_known(table):
        raise BadRequest(
            f"cv={scheme} needs groups and these clips have none; use cv=stratified, or name the groups "
            "(video_folder: dataset.group=REGEX or a csv with a group column)"
        )
    groups = groups_of(table)
    name, count = fewest({label: len(names) for label, names in groups.items()})
    if count == 1:
        raise BadRequest(
            f"class {name!r} has 1 group, so by group it cannot be both trained on and scored: use cv=stratified, and "
            "mind that groups are then on both sides"
        )
    return groups


def ungrouped_note(table: pd.DataFrame) -> tuple[str, ...]:
    """Return a warning where some clips have a group and others have none."""
    without = int((table["group"] == "").sum())
    if not without or not are_known(table):
        return ()
    return (f"{without} of {len(table)} training clips have no group; each of them counts as a group of its own",)
