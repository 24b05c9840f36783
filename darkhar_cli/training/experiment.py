"""What one experiment is, as training sees it: parts by name and parameters, typed settings, no configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkhar_cli.augment.contract import Reversals
from darkhar_cli.config.settings import RuntimeSettings, TrainSettings
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.models.action_model import Part


@dataclass(frozen=True)
class StreamParts:
    """The four parts of a stream as (name, parameters)."""

    sampler: Part
    enhance: list[Part]
    extractor: Part
    classifier: Part


@dataclass(frozen=True)
class Setting:
    """What all streams of an experiment share; features are stored in `cache`, or with None in memory alone."""

    seed: int
    train: TrainSettings
    runtime: RuntimeSettings
    cache: Path | None


@dataclass(frozen=True)
class Experiment:
    """What is run: streams by name, how they are fused and augmented, and the settings they share.

    Attributes:
        reversals: what classes show backwards, by index; None where that is unknown.
        darkening: how scored clips are changed to be scored once more, if they are.
        score_mirrored: score each clip and its mirror image.
    """

    streams: Mapping[str, StreamParts]
    setting: Setting
    fusion: str = "late"
    augment: Sequence[Part] = field(default_factory=list)
    reversals: Reversals | None = None
    darkening: Corruption | None = None
    score_mirrored: bool = False
