"""The body of a tracked person over time."""

import numpy as np

from darkhar_cli.extractors import body, channels, keypoints, smoothing, tracking
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.registry import register

LONGEST = 640  # pixels of the longer side that keypoints and flow can make use of
SOURCES = (body, channels, keypoints, smoothing, tracking)


@register("extractor", sources=SOURCES)
def pose(weights: str = "auto") -> Extractor:
    """Keypoints, shape and place of one person whom MoveNet tracks, F = 70, in torso lengths.

    Raises:
        BadRequest: no such file, or no MoveNet in it.
    """
    net = keypoints.load_movenet(weights)
    symmetry = Symmetry.of(body.CHANNELS)

    def extract(frames: np.ndarray, fps: float = 30.0) -> np.ndarray:
        return symmetry.stack(body.body_channels(tracking.follow(frames, net)))

    return Extractor(
        "pose",
        len(symmetry.names),
        None,
        function=extract,
        weights_hash=net.weights_hash,
        channels=symmetry.names,
        scope="clip",
        runtime=net.runtime,
        longest=LONGEST,
        symmetry=symmetry,
    )
