"""`DONE`, the mark of a finished run: the SHA-256 of each of its tables, as `sha256sum` lists them.

So a table that is lost, cut or changed behind the program's back is known before a number of it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli.errors import BadRequest
from darkhar_cli.files import checksums
from darkhar_cli.files.checksums import MISSING
from darkhar_cli.files.tables import keep_text, write_text

NAME = "DONE"
PREDICTIONS = "predictions.csv"
_NEEDED = (PREDICTIONS, "metrics/summary.csv", "metrics/folds.csv")  # by whoever reads a finished run


@dataclass(frozen=True)
class FinishedMark:
    """The mark of a run's folder."""

    folder: Path

    @property
    def there(self) -> bool:
        """Whether the run is finished."""
        return (self.folder / NAME).is_file()

    def write(self) -> None:
        """Mark the run as finished, with its tables as they are."""
        tables = [path for pattern in ("*.csv", "metrics/*.csv") for path in self.folder.glob(pattern)]
        names = [path.relative_to(self.folder).as_posix() for path in tables if not path.name.startswith(".")]
        write_text(self.folder / NAME, checksums.listing(checksums.checksums(self.folder, names)))

    def renew(self, name: str) -> None:
        """List the checksum of a table that has been written again."""
        known = self._listed()
        if known:
            new = known | checksums.checksums(self.folder, [name])
            keep_text(self.folder / NAME, checksums.listing(new))

    def remove(self) -> None:
        """Let the run count as not finished."""
        (self.folder / NAME).unlink(missing_ok=True)

    def damaged(self, needed: Sequence[str] = _NEEDED) -> dict[str, str]:
        """Return the tables that are missing or not as they were written, each with the reason; none of other runs.

        Args:
            needed: tables that are missed even where the mark does not list them.
        """
        return checksums.differing(self.folder, dict.fromkeys(needed, "") | self._listed()) if self.there else {}

    def refuse_damaged(self, but: Sequence[str] = ()) -> None:
        """Refuse to show anything of a finished run whose tables are lost or damaged.

        Args:
            but: tables that may have been changed, if they are there.

        Raises:
            BadRequest: names them, the reason, and what makes them again.
        """
        damaged = [f"{name} {why}" for name, why in self.damaged(()).items() if name not in but or why == MISSING]
        if damaged:
            named = ", ".join(damaged)
            raise BadRequest(
                f"{self.folder}: {named}; its `darkhar train` command makes it again, `darkhar evaluate {self.folder}` "
                "makes tables of what predictions.csv holds now"
            )

    def _listed(self) -> dict[str, str]:
        """Return what the mark lists: nothing in a run of an earlier version."""
        path = self.folder / NAME
        return checksums.listed(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else {}
