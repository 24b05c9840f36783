"""Body and motion of a tracked person over time, and the body less what the camera does."""

import numpy as np

from darkhar_cli.extractors import flow
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person import body, flow_channels, keypoints, tracking
from darkhar_cli.extractors.person.following import person_extractor
from darkhar_cli.registry import register


@register("extractor", sources=flow.SOURCES)
def pose_flow(weights: str = "auto", variant: str = "lightning") -> Extractor:
    """All that `pose` and `flow` give, and height and size less the camera's motion, F = 93.

    Raises:
        BadRequest: no such file, or no MoveNet of this variant in it.
        FailedWork: it cannot be downloaded.
    """
    net = keypoints.load_movenet(weights, variant)
    symmetry = Symmetry.of((*body.CHANNELS, *flow_channels.CHANNELS, *flow_channels.WORLD))

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        person = tracking.follow(frames, net)
        motion, camera = flow_channels.flow_channels(frames, fps, person, times)
        person = person.evenly(times)
        shape = body.body_channels(person)
        return symmetry.stack(shape | motion | flow_channels.world_channels(shape, camera, person))

    return person_extractor("pose_flow", net, symmetry, extract)
