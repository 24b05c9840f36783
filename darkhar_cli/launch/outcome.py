"""What became of a request."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """What became of a request.

    Attributes:
        code: the exit code: 0, or 1 where a job is not done.
        folder: of the run or sweep; None where nothing was trained.
    """

    code: int
    folder: Path | None = None
