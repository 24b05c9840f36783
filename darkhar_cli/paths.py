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
        user = (given or "~").split("/")[0][1:]
        why = f"there is no user {user!r}" if user else f"HOME is not set, and user {os.getuid()} has none"
        raise BadRequest(f"{of}no home is known ({why}); give DARKHAR_HOME=DIR") from problem


def elsewhere(setting: str, chosen: bool) -> str:
    """Return in words what helps where a folder cannot be written.

    Args:
        setting: the key that chooses it, for instance `cache_dir`.
        chosen: the key did; else it lies in darkhar's home.
    """
    return f"choose another place with {setting}=DIR" + ("" if chosen else ", or with DARKHAR_HOME=DIR for all")
