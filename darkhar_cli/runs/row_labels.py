"""What stands in the columns that name a run."""

from collections.abc import Mapping
from typing import Any

from darkhar_cli.config.streams import label
from darkhar_cli.labels import PART_KINDS


def row_labels(config: Mapping[str, Any], cv: str) -> dict[str, Any]:
    """Return a run's row labels: dataset, sampler, enhance, extractor, classifier, cv, seed.

    Args:
        config: the run's checked configuration.
        cv: the scheme that its folds were made by, `auto` resolved.
    """
    return {
        "dataset": config["dataset"]["name"],
        **{kind: label(config, kind) for kind in PART_KINDS},
        "cv": cv,
        "seed": config["seed"],
    }
