"""From a checked configuration to the experiment that training sees; behind it nobody reads a configuration."""

from collections.abc import Mapping, Sequence
from typing import Any

from darkhar_cli.config.settings import RuntimeSettings, TrainSettings
from darkhar_cli.config.streams import streams_of
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.features import feature_cache
from darkhar_cli.features.other_background import OtherBackground
from darkhar_cli.models.action_model import chain_of, part_of
from darkhar_cli.training.augmentation import reversals_of
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts


def experiment_of(config: Mapping[str, Any], classes: Sequence[str]) -> Experiment:
    """Return what a configuration says as training sees it: parts by name and parameters, typed settings.

    Raises:
        BadRequest: `dataset.reverse` names what is no class.
    """
    streams = {
        name: StreamParts(
            sampler=part_of(parts["sampler"]),
            enhance=chain_of(parts["enhance"]),
            extractor=part_of(parts["extractor"]),
            classifier=part_of(parts["classifier"]),
        )
        for name, parts in streams_of(config).items()
    }
    asked, changed = config["robustness"], None
    if asked["name"] == "darkened":
        changed = Darkening((asked["brightness"],) * 2, (asked["noise"],) * 2)  # the same for every seed
    elif asked["name"] == "background":
        changed = OtherBackground()
    return Experiment(
        streams=streams,
        setting=Setting(
            config["seed"],
            TrainSettings.from_config(config["train"]),
            RuntimeSettings.from_config(config["runtime"]),
            feature_cache.root(config["cache_dir"]),
        ),
        fusion=config["fusion"],
        augment=chain_of(config["augment"]),
        reversals=reversals_of(config["dataset"].get("reverse"), classes),
        darkening=changed,
        score_mirrored=config["score_mirrored"],
    )
