"""What the extractors that follow one person have in common."""

from collections.abc import Callable

import numpy as np

from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person.keypoints import MoveNet

LONGEST = 640  # pixels of the longer side that keypoints and flow can make use of


def person_extractor(name: str, net: MoveNet, symmetry: Symmetry, function: Callable[..., np.ndarray]) -> Extractor:
    """Return a clip-wide extractor, frames (T, H, W, 3), rate and times -> (T, F) of the symmetry's channels."""
    return Extractor(
        name,
        len(symmetry.names),
        None,
        function=function,
        weights_hash=net.weights_hash,
        channels=symmetry.names,
        scope="clip",
        runtime=net.runtime,
        longest=LONGEST,
        symmetry=symmetry,
    )
