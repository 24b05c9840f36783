"""Any backbone, from a file: frozen, on single frames or on windows of them."""

from pathlib import Path
from typing import Any

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor, frame_size
from darkhar_cli.extractors.network import (
    colours,
    graph,
    keras_file,
    litert_adapter,
    litert_file,
    opening,
    openvino_file,
    running,
    windows,
)
from darkhar_cli.extractors.network import layout as layouts
from darkhar_cli.extractors.network.colours import choose_colours
from darkhar_cli.extractors.network.contract import NetworkFile
from darkhar_cli.extractors.network.running import FramesNetwork, WindowsNetwork
from darkhar_cli.registry import register
from darkhar_cli.weights.companions import content_hash

SOURCES = (colours, graph, keras_file, layouts, litert_adapter, litert_file, opening, openvino_file, running, windows)
_FRAMES_AT_ONCE = 4  # larger batches are not faster on a CPU, and small ones waste less when the last is filled up


@register("extractor", sources=SOURCES)
def model_file(
    weights: str,
    scope: str = "auto",
    frames: Any = "auto",
    stride: Any = "auto",
    fps: float | None = None,
    every: Any = "auto",
    size: Any = "auto",
    layout: str = "auto",
    channels: str = "auto",
    range: Any = "auto",
    mean: Any = "auto",
    std: Any = "auto",
    output: str = "auto",
) -> Extractor:
    """Features of an ONNX, OpenVINO IR, TFLite, SavedModel or `.keras` file: as many as its output has, pooled.

    Raises:
        BadRequest: no such file, it cannot be read, or what it does not say of its input is not given.
    """
    path = Path(weights)
    network = opening.open_network(path)
    lacking: list[str] = []
    order = _layout(network, layout, lacking)
    known = dict(layouts.sizes_of(order, network.given.shape)) if order else {}
    _refuse_scope(scope, order, network)
    window = _number("frames", frames, known.get("T"), network, lacking) if order and "T" in order else 0
    height, width = _size(size, known, network, lacking) if order else (0, 0)
    chosen, more = choose_colours(channels, range, mean, std, network.said)
    if lacking or more or chosen is None or order is None:
        raise BadRequest(_wanting(path, network, order, [*lacking, *more]))
    batch = known.get("N") or (1 if "T" in order else _FRAMES_AT_ONCE)
    shape = layouts.shape_of(order, {"N": batch, "T": window, "H": height, "W": width})
    run, given = network.ready(shape, None if output == "auto" else output)
    known_as = f"{path.name} ({network.format} in {network.runtime}, {order} {shape}, {chosen})"
    common = (known_as, run, order, batch if "N" in order else 1, chosen)
    made: FramesNetwork | WindowsNetwork
    if "T" in order:
        made = WindowsNetwork(*common, windows.chosen(window, stride, fps, every))
    else:
        _refuse_windows(stride, fps, every, frames)
        made = FramesNetwork(*common)
    return Extractor(
        "model_file",
        made.features(shape, given),
        (height, width),
        function=made,
        weights_hash=content_hash(path),
        scope=made.scope,
        runtime=network.runtime,
        trial=made.try_out,
    )


def _layout(network: NetworkFile, asked: str, lacking: list[str]) -> str | None:
    if asked != "auto":
        layouts.refuse_layout(asked, network.given.shape, f"input {network.given}")
        return asked
    found = network.said.layout or layouts.read_layout(network.given.shape)
    if found is None:
        fits = [one for one in layouts.LAYOUTS if len(one) == len(network.given.shape)]
        if not fits:
            raise BadRequest(f"input {network.given} is no frames and no windows of frames: 3 to 6 axes are")
        lacking.append(f"extractor.layout={fits[0]} (or {', '.join(fits[1:])})")
    return found


def _refuse_scope(scope: str, order: str | None, network: NetworkFile) -> None:
    has = "clip" if order and "T" in order else "frame"
    if order and scope not in ("auto", has):
        raise BadRequest(
            f"extractor.scope={scope}: input {network.given} is {order}, so the network sees "
            f"{'windows of frames (clip)' if has == 'clip' else 'one frame at a time (frame)'}; if not, give "
            "extractor.layout"
        )


def _refuse_windows(stride: Any, fps: Any, every: Any, frames: Any) -> None:
    given = {"stride": stride, "fps": fps, "every": every, "frames": frames}
    extra = [f"extractor.{key}={value}" for key, value in given.items() if value not in ("auto", None)]
    if extra:
        raise BadRequest(f"{' '.join(extra)}: this network sees one frame at a time and has no windows")


def _number(key: str, asked: Any, known: int | None, network: NetworkFile, lacking: list[str]) -> int:
    """Return a size that was asked for or that the file says; notes what neither does."""
    if asked == "auto":
        if known is None:
            lacking.append(f"extractor.{key}=N")
        return known or 0
    if known not in (None, asked):
        raise BadRequest(f"extractor.{key}={asked}: input {network.given} takes {known}")
    return int(asked)


def _size(size: Any, known: dict[str, int | None], network: NetworkFile, lacking: list[str]) -> tuple[int, int]:
    height, width = known.get("H"), known.get("W")
    if size == "auto":
        if height is None or width is None:
            lacking.append("extractor.size=N (or [height,width])")
        return height or 0, width or 0
    asked = frame_size(size) or (0, 0)
    if height not in (None, asked[0]) or width not in (None, asked[1]):
        raise BadRequest(f"extractor.size={size}: input {network.given} takes {height} x {width}")
    return asked


def _wanting(path: Path, network: NetworkFile, order: str | None, lacking: list[str]) -> str:
    """Return what a file says and what it does not, and so must be given."""
    said = network.said
    has = [f"input {network.given}{f', {order}' if order else ''}"]
    has += [f"output {', '.join(map(str, network.outputs[:4]))}"]
    has += [f"range {said.range[0]:g}..{said.range[1]:g}"] if said.range else []
    listed = "; ".join(lacking)
    return f"{path.name} ({network.format}) says: {'; '.join(has)}. It does not say, so give: {listed}"
