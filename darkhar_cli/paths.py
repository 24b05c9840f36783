"""Where darkhar keeps what it can make again: prepared data and computed features."""

import os
import re
from pathlib import Path

from darkhar_cli.errors import BadRequest

# What each place needs that object storage has not.
_NEEDS = {
    "dataset.data_dir": "clips are read from ArrayRecord files in place, and shared between data sets by hard links",
    "cache_dir": "features are written aside and renamed, under locks",
    "DARKHAR_HOME": "prepared data and features in it are renamed, linked and locked",
    "hydra.run.dir": "a run is claimed, and its files are written aside and renamed",
    "hydra.sweep.dir": "runs are claimed, and their files are written aside and renamed",
    "dataset.root": "clips are told apart by their files' sizes and times",
}


def refuse_address(setting: str, value: str) -> None:
    """Refuse an address of object storage where a folder is wanted.

    Raises:
        BadRequest: names the setting, why it cannot be there, and what helps.
    """
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*://", value):
        return
    why = next((why for key, why in _NEEDS.items() if setting.endswith(key)), "files are read by their paths")
    raise BadRequest(
        f"{setting}={value}: object storage will not do here ({why}); give a folder, of a network file system or a "
        "mounted bucket for instance, and copy what is finished to object storage"
    )


def home() -> Path:
    """Return $DARKHAR_HOME (`~` is the user's home, a relative one starts here), or ~/.cache/darkhar.

    Raises:
        BadRequest: the user has no home.
    """
    given = os.environ.get("DARKHAR_HOME")
    refuse_address("DARKHAR_HOME", given or "")
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
