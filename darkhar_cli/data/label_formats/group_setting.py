"""The setting `dataset.group`: a regular expression on a clip's file name."""

import re

from darkhar_cli.errors import BadRequest


def group_pattern(group: str | None) -> re.Pattern[str] | None:
    """Return the regular expression of `dataset.group`, None where none is given.

    Raises:
        BadRequest: it is none, or has no bracket that names the group.
    """
    try:
        pattern = re.compile(group) if group else None
    except re.error as problem:
        raise BadRequest(f"dataset.group={group!r} is not a regular expression: {problem}") from problem
    if pattern and not pattern.groups:
        raise BadRequest(f"dataset.group={group!r} has no bracket: put (...) around the part that names the group")
    return pattern
