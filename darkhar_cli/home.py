"""Where darkhar keeps what it can make again: prepared data and computed features."""

import os
from pathlib import Path


def home() -> Path:
    """Return $DARKHAR_HOME, or ~/.cache/darkhar."""
    return Path(os.environ.get("DARKHAR_HOME") or Path.home() / ".cache" / "darkhar")
