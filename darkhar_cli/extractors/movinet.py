"""Streaming MoViNets: causal networks that see a frame at a time and remember."""

from pathlib import Path
from typing import Any

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.extractors.network import streaming, windows
from darkhar_cli.extractors.network.streaming import StreamingNetwork
from darkhar_cli.registry import register
from darkhar_cli.weights.companions import content_hash


@register("extractor", sources=(streaming, windows))
def movinet(weights: str, fps: Any = 5.0, output: str = "auto") -> Extractor:
    """Scores of a streaming MoViNet's classes (Kondratyuk et al. 2021) after each frame, from the clip's first on.

    Raises:
        BadRequest: no such file, or no streaming network in it.
    """
    path = Path(weights)
    if not path.is_file():
        raise BadRequest(f"extractor.weights={path}: no such file; give the .tflite of a streaming MoViNet")
    made = StreamingNetwork(path, None if fps == "native" else float(fps), None if output == "auto" else output)
    return Extractor(
        "movinet",
        made.features,
        made.size,
        function=made,
        weights_hash=content_hash(path),
        scope="clip",
        runtime="litert",
        trial=made.try_out,
    )
