"""trackio: a local database that `trackio show` draws; nothing leaves the machine."""

import contextlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import TrackedRun, Tracker, as_markdown, results


@register("tracker", "trackio", package="trackio", extra="trackio")
class Trackio(Tracker):
    """Writes a run of a project into a folder.

    Args:
        folder: of the database, which all runs may share; TRACKIO_DIR in the environment comes first.
        project: that the run is listed under.
    """

    def __init__(self, folder: str = "outputs/trackio", project: str = "darkhar"):
        self._folder, self._project = Path(folder), project
        self._run: Any = None

    def begin(self, run: TrackedRun) -> None:
        """Open a run with its configuration."""
        os.environ.setdefault("TRACKIO_DIR", str(self._folder.absolute()))  # read when it is imported
        for name in ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
            if os.environ.get(name):
                raise RuntimeError(f"{name} would send the run to another machine; this tracker keeps it here")
        import trackio

        with _silent():
            self._run = trackio.init(
                self._project,
                name=run.name,
                config=dict(run.parameters),
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def epoch(self, fold: str, number: int, values: Mapping[str, float]) -> None:
        """Add a point to each of a fold's curves."""
        self._run.log({f"{fold}/{key}": value for key, value in values.items()}, step=number)

    def table(self, summary: pd.DataFrame) -> None:
        """Keep the results as numbers and as a table."""
        import trackio

        self._run.log({**results(summary), "results": trackio.Markdown(as_markdown(summary))}, step=0)

    def end(self, problem: str) -> None:
        """Write what is still to be written."""
        import trackio

        if problem:
            self._run.log({"problem": trackio.Markdown(problem)}, step=0)
        with _silent():
            trackio.finish()


@contextlib.contextmanager
def _silent() -> Any:
    """Keep its greeting off standard output, which is for results."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
