"""Runs to be exported."""

from types import SimpleNamespace

from darkhar_cli.runs.run_folder import Run
from tests.helpers.evaluated_runs import train


def made(place, *words):
    """Return a finished run on small clips of three classes."""
    folder = train(place, *words, f"cache_dir={place / 'features'}")
    return SimpleNamespace(folder=folder, run=Run(folder))
