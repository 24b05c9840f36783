"""The body of a tracked person over time."""

import numpy as np

from darkhar_cli.extractors import channels, resampling
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person import body, following, keypoints, smoothing, tracking
from darkhar_cli.extractors.person.following import person_extractor
from darkhar_cli.registry import register

SOURCES = (body, channels, keypoints, following, resampling, smoothing, tracking)


@register("extractor", sources=SOURCES)
def pose(weights: str = "auto", variant: str = "lightning") -> Extractor:
    """Keypoints, shape and place of one person whom MoveNet tracks, F = 70, in torso lengths.

    Raises:
        BadRequest: no such file, or no MoveNet of this variant in it.
        FailedWork: it cannot be downloaded.
    """
    net = keypoints.load_movenet(weights, variant)
    symmetry = Symmetry.of(body.CHANNELS)

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        return symmetry.stack(body.body_channels(tracking.follow(frames, net).evenly(times)))

    return person_extractor("pose", net, symmetry, extract)
