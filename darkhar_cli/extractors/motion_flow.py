"""The motion of what moves in a clip, located without a model, and the camera's."""

import numpy as np

from darkhar_cli.extractors import channels, resampling
from darkhar_cli.extractors.channels import Symmetry
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.person import (
    dense_flow,
    flow_channels,
    flow_input,
    mover,
    mover_channels,
    smoothing,
    sparse_flow,
    tracking,
)
from darkhar_cli.registry import register

SOURCES = (
    channels,
    dense_flow,
    flow_channels,
    flow_input,
    mover,
    mover_channels,
    resampling,
    smoothing,
    sparse_flow,
    tracking,
)
_LONGEST = 640  # pixels of the longer side that flow can make use of
_SWINGING = ("lk_v_path", "dis_v_path", "dis_upper_v_path", "centre_y")


@register("extractor", sources=SOURCES)
def motion_flow() -> Extractor:
    """Sparse and dense flow in the box of what moves, less the camera's; the box; how strongly both swing, F = 56."""
    swinging = tuple(channel for name in _SWINGING for channel in mover_channels.swing_channels(name))
    symmetry = Symmetry.of((*flow_channels.CHANNELS, *mover_channels.BOX, *swinging))

    def extract(frames: np.ndarray, fps: float = 30.0, times: np.ndarray | None = None) -> np.ndarray:
        with flow_input.one_thread():
            found = mover.locate(frames)
        motion, _ = flow_channels.flow_channels(frames, fps, found, times)
        motion |= mover_channels.box_channels(found.evenly(times))
        for name in _SWINGING:
            motion |= mover_channels.swings(name, motion[name], fps)
        return symmetry.stack(motion)

    return Extractor(
        "motion_flow",
        len(symmetry.names),
        None,
        function=extract,
        weights_hash="none",
        channels=symmetry.names,
        scope="clip",
        runtime="opencv",
        longest=_LONGEST,
        symmetry=symmetry,
    )
