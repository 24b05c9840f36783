"""The pretrained weights that jobs need, there before the first of them begins: what is missing is reported once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from darkhar_cli.config.streams import streams_of
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.weights import fetching

Config = Mapping[str, Any]


def of_identity(configs: Iterable[Config]) -> None:
    """Make sure of weights whose content is part of what a run is (`weights=auto`), finished or not.

    Raises:
        FailedWork: some are not here and cannot be downloaded.
    """
    fetching.ensure_all(one for one in _extractors(configs) if one.get("weights") == "auto")


def of_unfinished(jobs: Iterable[tuple[Path | None, Config]]) -> None:
    """Make sure of all weights of the jobs that are still to be run.

    Args:
        jobs: run folder, where it is known before, and configuration.

    Raises:
        FailedWork: some are not here and cannot be downloaded.
    """
    fetching.ensure_all(_extractors(config for place, config in jobs if place is None or not Run(place).done))


def _extractors(configs: Iterable[Config]) -> Iterable[Config]:
    for config in configs:
        for parts in streams_of(config).values():
            yield parts["extractor"]
