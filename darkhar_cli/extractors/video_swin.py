"""Video Swin Transformer on windows of frames."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from darkhar_cli import device
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor, frame_size, weights_hash
from darkhar_cli.extractors.network import (
    colours,
    keras_file,
    layout,
    openvino_file,
    running,
    video_swin_weights,
    windows,
)
from darkhar_cli.extractors.network.colours import Colours
from darkhar_cli.extractors.network.running import WindowsNetwork
from darkhar_cli.registry import register

SOURCES = (colours, keras_file, layout, openvino_file, running, video_swin_weights, windows)
_IMAGENET = Colours(False, (0.0, 1.0), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_USUAL_DEPTH = 8  # of attention windows; each holds two frames


@dataclass(frozen=True)
class Stages:
    """A variant: width of its first stage, and blocks and attention heads of each."""

    width: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]


VARIANTS = {
    "tiny": Stages(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "small": Stages(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "base": Stages(128, (2, 2, 18, 2), (4, 8, 16, 32)),
}


@register("extractor", sources=SOURCES)
def video_swin(
    weights: str,
    variant: str = "tiny",
    frames: int = 32,
    stride: Any = 2,
    fps: float | None = None,
    every: Any = "auto",
    size: Any = 224,
) -> Extractor:
    """Video Swin Transformer (Liu et al. 2022), F = 768 (base: 1024), averaged over each window of frames.

    Raises:
        BadRequest: no such file, or weights of another network or variant.
    """
    height, width = frame_size(size) or (0, 0)
    held = None if weights == "none" else _held(Path(weights), variant)
    depth = video_swin_weights.depth_of_windows(held) if held else _USUAL_DEPTH
    backbone = _backbone(VARIANTS[variant], depth, (int(frames), height, width, 3))
    if held:
        video_swin_weights.load(backbone, held, Path(weights))
    shape = (1, int(frames), height, width, 3)
    on_gpu = device.on_gpu()
    run = (
        keras_file.run_keras(backbone, shape, "float32")
        if on_gpu
        else keras_file.run_converted(backbone, shape, "float32", f"video_swin {variant}")
    )
    what = f"video_swin {variant} ({frames} x {height} x {width}, {'keras' if on_gpu else 'openvino'})"
    made = WindowsNetwork(what, run, "NTHWC", 1, _IMAGENET, windows.chosen(int(frames), stride, fps, every))
    return Extractor(
        "video_swin",
        backbone.output_shape[-1],
        (height, width),
        function=made,
        weights_hash=weights_hash(backbone),
        scope="clip",
        runtime="keras" if on_gpu else "openvino",
        trial=made.try_out,
    )


def _held(path: Path, variant: str) -> dict[str, Any]:
    if not path.is_file():
        raise BadRequest(f"extractor.weights={path}: no such file; give a .weights.h5 of Video Swin, or none")
    held = video_swin_weights.held_by(path)
    found = video_swin_weights.shape_of(held)
    if found != (VARIANTS[variant].width, VARIANTS[variant].depths):
        fits = next((name for name, one in VARIANTS.items() if found == (one.width, one.depths)), "")
        other = f"it fits extractor.variant={fits}" if fits else f"it has width {found[0]} and {found[1]} blocks"
        raise BadRequest(f"extractor.weights={path} does not fit extractor.variant={variant}: {other}")
    return held


def _backbone(stages: Stages, depth: int, shape: tuple[int, ...]) -> Any:
    """Return keras-cv's backbone; its own presets cannot be loaded (keras-cv, issue 2485)."""
    import keras_cv  # takes seconds

    with device.precision("float32"):
        backbone = keras_cv.models.VideoSwinBackbone(
            input_shape=shape,
            embed_dim=stages.width,
            depths=list(stages.depths),
            num_heads=list(stages.heads),
            window_size=[depth, 7, 7],
            include_rescaling=False,
        )
    backbone.trainable = False
    return backbone
