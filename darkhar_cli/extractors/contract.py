"""What every extractor is: frames -> one feature vector per frame.

A part's builder returns an `Extractor`. Its backend is `keras` (a Keras model on resized float32 frames, frozen or
trained) or `host` (a function on enhanced frames at their own size; always frozen; it is called from several threads).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import numpy as np

from darkhar_cli.extractors.channels import Symmetry


class HostFunction(Protocol):
    """What an extractor with backend `host` does; called from several threads."""

    def __call__(self, frames: np.ndarray, /, *when: Any) -> np.ndarray:
        """Return features (N, F) float32 of frames (N, H, W, 3).

        With scope `clip` it is also given frames per second, and those frames' times (T,) in seconds, or None.
        """


class ExtractorBuilder(Protocol):
    """What is registered as an extractor.

    Example: `mobilenet(size=96, weights="none")` is an `Extractor` with backend `keras`.
    """

    def __call__(self, **parameters: Any) -> "Extractor":
        """Return the extractor, its weights loaded.

        Raises:
            BadRequest: no such weights.
        """


@dataclass(frozen=True)
class Extractor:
    """An extractor, ready for use.

    Attributes:
        name: the registered name.
        features: F, the number of features per frame.
        size: (height, width) that frames are resized to once, or None to keep their own size.
        model: backend `keras`: a Keras model, (N, h, w, 3) float32 0..255 -> (N, F).
        function: backend `host`: (N, H, W, 3) float32 0..255 -> (N, F) float32.
        weights_hash: names the weights, for provenance; empty while they are still to be trained.
        channels: names of the F features, where they have any.
        scope: `frame`: what is seen in a frame depends on that frame alone; `pair`: backend `keras`, trained end to
            end: the model takes each sampled frame with the one before it (the first with itself), (N, h, w, 6) with
            the earlier frame's channels last; `clip`: backend `host`, called with one whole clip, enhanced and rounded
            to uint8, (T, H, W, 3), its frames per second and, where they come at irregular times, those (T,) in seconds
            (else None) -> (T, F): a timeline at even times, which may be read between frames.
        runtime: backend `host`: what it runs in.
        longest: scope `clip`: frames whose longer side is longer reach it smaller, their shape kept; 0: as they are.
        symmetry: what becomes of the F features in a mirror and in time reversal, where that is known.
        trial: backend `host`, of a network that nobody here has seen: clips' frames as `function` takes them and their
            rates -> a line on how it did; raises `FailedWork` where its features cannot be right. It is tried on two
            clips before the first features are computed.
    """

    name: str
    features: int
    size: tuple[int, int] | None
    model: Any = None
    function: HostFunction | None = None
    weights_hash: str = ""
    channels: tuple[str, ...] = ()
    scope: str = "frame"
    runtime: str = "host"
    longest: int = 0
    symmetry: Symmetry | None = None
    trial: Callable[[Sequence[tuple[np.ndarray, float]]], str] | None = None

    def __post_init__(self) -> None:
        if (self.model is None) == (self.function is None):
            raise ValueError(f"extractor {self.name!r}: give a Keras model or a host function, one of them")

    @property
    def backend(self) -> str:
        """Return `keras` or `host`."""
        return "host" if self.model is None else "keras"

    @property
    def trainable(self) -> bool:
        """Return whether its weights are trained with the classifier's."""
        return self.model is not None and bool(self.model.trainable_weights)


def weights_hash(model: Any) -> str:
    """Return a short hash of a Keras model's weights, in order."""
    digest = sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()[:16]


def frame_size(size: Any) -> tuple[int, int] | None:
    """Read a yaml `size`: one number, [height, width], or `native` (None)."""
    if size == "native":
        return None
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
