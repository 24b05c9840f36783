"""How much changes from frame to frame, and nothing of where or what."""

import numpy as np

from darkhar_cli.data import frame_difference
from darkhar_cli.data.frame_difference import luma_changes, mean_change
from darkhar_cli.extractors import resampling
from darkhar_cli.extractors.channels import Channel, Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.registry import register


@register("extractor", sources=(frame_difference, resampling))
def motion() -> Extractor:
    """Mean and deviation of the luma difference to the frame before, F = 2, 0..1; the first repeats the second."""

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        found = [(mean_change(c), (c.astype(np.float32) / 255).std()) for c in luma_changes(frames)]
        timeline = np.array([found[0] if found else (0, 0), *found], np.float32)
        return timeline if times is None else resampling.evenly(timeline, times).astype(np.float32)

    symmetry = Symmetry.of([Channel("mean", step=True), Channel("std", step=True)])
    return Extractor(
        "motion",
        2,
        None,
        function=extract,
        weights_hash="none",
        channels=symmetry.names,
        scope="clip",
        runtime="opencv",
        symmetry=symmetry,
    )
