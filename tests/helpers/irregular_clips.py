"""Clips whose frames come at times of our own choice."""

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np


def write_at(
    frames: Sequence[np.ndarray], times: Sequence[float], form: str = "mp4", unit: int = 90_000, skip: int = 0
) -> bytes:
    """Encode RGB uint8 frames (H, W, 3) shown at these seconds, in a container with such time units a second.

    The first `skip` frames are there, but an edit list leaves them out (mp4).
    """
    buffer = io.BytesIO()
    container = {"options": {"avoid_negative_ts": "disabled"}} if skip else {}
    with av.open(buffer, "w", format=form, **container) as out:
        options = {"preset": "superfast", "crf": "12", "bf": "0" if skip else "2"} | ({"g": "1"} if skip else {})
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, unit)
        for pixels, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            frame.pts, frame.time_base = round((time - times[skip]) * unit), Fraction(1, unit)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def irregular_times(n: int, fps: float = 30.0, seed: int = 0) -> np.ndarray:
    """Return n seconds: steps of a third of a frame to three frames, drawn, slower towards the end."""
    steps = np.random.default_rng(seed).uniform(0.35, 1.0, n) * np.linspace(1, 3, n)
    return np.concatenate([[0.0], np.cumsum(steps[1:])]) / fps
