"""MoveNet on each frame by itself: the keypoints as the model gives them."""

import numpy as np

from darkhar_cli.extractors.channels import Channel, Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person import keypoints
from darkhar_cli.extractors.person.keypoints import KEYPOINTS, letterbox, load_movenet, opposite
from darkhar_cli.registry import register


def _channel(keypoint: str, kind: str) -> Channel:
    mirror = f"{opposite(keypoint)}_{kind}"
    return Channel(f"{keypoint}_{kind}", mirror, -1.0, 1.0) if kind == "x" else Channel(f"{keypoint}_{kind}", mirror)


@register("extractor", sources=(keypoints,))
def movenet(weights: str = "auto", confidence: bool = True, variant: str = "lightning") -> Extractor:
    """Keypoints (y, x and, with `confidence`, score) of each frame, F = 51 or 34, 0..1 of the padded square.

    Source: MoveNet's model card; the paper drops the scores.

    Raises:
        BadRequest: no such file, or no MoveNet of this variant in it.
        FailedWork: it cannot be downloaded.
    """
    net = load_movenet(weights, variant)

    def extract(frames: np.ndarray) -> np.ndarray:
        levels = np.clip(np.rint(frames), 0, 255).astype(np.uint8)
        points = np.stack([net.run(letterbox(frame, net.size)[None]) for frame in levels])
        points = points if confidence else points[:, :, :2]
        return points.reshape(len(frames), -1).astype(np.float32)

    kinds = ("y", "x", "score") if confidence else ("y", "x")
    symmetry = Symmetry.of([_channel(name, kind) for name in KEYPOINTS for kind in kinds])
    return Extractor(
        "movenet",
        len(symmetry.names),
        None,
        function=extract,
        weights_hash=net.weights_hash,
        channels=symmetry.names,
        runtime=net.runtime,
        symmetry=symmetry,
    )
