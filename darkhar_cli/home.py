"""Where darkhar keeps what it can make again: prepared data and computed features."""

import os
from pathlib import Path

from darkhar_cli.errors import BadRequest


def home() -> Path:
    """Return $DARKHAR_HOME (`~` is the user's home, a relative one starts here), or ~/.cache/darkhar.

    Raises:
        BadRequest: the user has no home.
    """
    given = os.environ.get("DARKHAR_HOME")
    try:
        return Path(given).expanduser().absolute() if given else Path.home() / ".cache" / "darkhar"
    except RuntimeError as problem:  # no HOME, and the user's number stands for no name that has one
        of = f"DARKHAR_HOME={given}: " if given else ""
        raise BadRequest(
            f"{of}no home is known (HOME is not set, and user {os.getuid()} has none); give DARKHAR_HOME=DIR"
        ) from problem
