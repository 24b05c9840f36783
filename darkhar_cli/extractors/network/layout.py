"""Order of a network's input axes: N batch, T frames of a window, H W pixels, C the three colours, 1 an axis of one."""

from collections.abc import Mapping

import numpy as np

from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.extractors.network.contract import Shape

_KNOWN = {
    3: ("HWC", "CHW"),
    4: ("NHWC", "NCHW"),
    5: ("NTHWC", "NCTHW", "NTCHW"),
    6: ("N1THWC", "N1CTHW", "N1TCHW"),
}
_FURTHER = ("THWC", "TCHW", "CTHW")  # a window without a batch: only where they are asked for
LAYOUTS = tuple(layout for several in _KNOWN.values() for layout in several) + _FURTHER
_COLOURS = 3


def read_layout(shape: Shape) -> str | None:
    """Return the one layout that a shape allows: three colours where C stands; None where several or none do."""
    fits = [layout for layout in _KNOWN.get(len(shape), ()) if _fits(layout, shape)]
    return fits[0] if len(fits) == 1 else None


def _fits(layout: str, shape: Shape) -> bool:
    for letter, size in zip(layout, shape, strict=True):
        if (letter == "C" and size != _COLOURS) or (letter == "1" and size != 1):
            return False
    return True


def refuse_layout(layout: str, shape: Shape, what: str) -> None:
    """Refuse a layout that is none, or not one of this input.

    Raises:
        BadRequest: with what fits.
    """
    fits = [one for one in LAYOUTS if len(one) == len(shape)]
    if layout not in LAYOUTS:
        choose = ", ".join(fits or LAYOUTS)
        raise BadRequest(f"extractor.layout={layout}: choose from {choose}{nearest(layout, LAYOUTS)}")
    if len(layout) != len(shape):
        raise BadRequest(f"extractor.layout={layout}: {what} has {len(shape)} axes; choose from {', '.join(fits)}")
    sizes = sizes_of(layout, shape)
    if sizes["C"] not in (_COLOURS, None):
        raise BadRequest(f"extractor.layout={layout}: {what} has {sizes['C']} where the 3 colours would stand")


def sizes_of(layout: str, shape: Shape) -> Mapping[str, int | None]:
    """Return an input's sizes by letter."""
    return dict(zip(layout, shape, strict=True))


def shape_of(layout: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """Return the shape of an input by its sizes."""
    return tuple({"1": 1, "C": _COLOURS, **sizes}[letter] for letter in layout)


def arrange(frames: np.ndarray, layout: str) -> np.ndarray:
    """Return frames (N, H, W, 3), or windows of them (N, T, H, W, 3), with their axes in a layout's order."""
    letters, ours = layout.replace("1", ""), "NTHWC" if "T" in layout else "NHWC"
    if "N" not in layout:
        frames, ours = frames[0], ours[1:]
    arranged = np.transpose(frames, [ours.index(letter) for letter in letters])
    for place, letter in enumerate(layout):
        if letter == "1":
            arranged = np.expand_dims(arranged, place)
    return np.ascontiguousarray(arranged)


def channel_axis(layout: str, rank: int) -> int:
    """Return which axis of an output (N, ...) of this rank holds features, as its input's layout lets expect.

    Of tokens (N, tokens, F) it is the last one.
    """
    if rank <= 3 or layout.index("C") > layout.index("H"):
        return rank - 1
    plain = layout.replace("1", "")
    return plain.index("C") if rank == len(plain) else 1


def pooled(output: np.ndarray, layout: str, count: int) -> np.ndarray:
    """Return features (count, F) float32 of a network's output: all axes but the batch and the features averaged.

    Raises:
        BadRequest: it does not have one row for each input.
    """
    if "N" not in layout or (output.ndim == 1 and count == 1):
        output = output[None]  # one input, one output
    if len(output) != count:
        raise BadRequest(f"the network gives {output.shape} for a batch of {count}: no row of features for each")
    if output.ndim == 1:
        output = output[:, None]
    axis = channel_axis(layout, output.ndim)
    rest = tuple(place for place in range(1, output.ndim) if place != axis)
    return (output.mean(axis=rest) if rest else output).astype(np.float32)
