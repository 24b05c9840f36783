"""The motion of a tracked person over time, and the camera's."""

import numpy as np

from darkhar_cli.extractors import pose
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person import dense_flow, flow_channels, flow_input, keypoints, sparse_flow, tracking
from darkhar_cli.extractors.person.following import person_extractor
from darkhar_cli.registry import register

SOURCES = (dense_flow, flow_channels, flow_input, sparse_flow, *pose.SOURCES)


@register("extractor", sources=SOURCES)
def flow(weights: str = "auto", variant: str = "lightning") -> Extractor:
    """Sparse and dense optical flow in the box of the person whom MoveNet tracks, less the camera's, F = 21.

    Raises:
        BadRequest: no such file, or no MoveNet of this variant in it.
        FailedWork: it cannot be downloaded.
    """
    net = keypoints.load_movenet(weights, variant)
    symmetry = Symmetry.of(flow_channels.CHANNELS)

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        found, _ = flow_channels.flow_channels(frames, fps, tracking.follow(frames, net), times)
        return symmetry.stack(found)

    return person_extractor("flow", net, symmetry, extract)
