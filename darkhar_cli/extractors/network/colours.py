"""From frames 0..255 RGB to the numbers that a network was trained on: channel order, range, mean, deviation."""

from dataclasses import dataclass

import numpy as np

from darkhar_cli.extractors.network.contract import Said

Range = tuple[float, float]


@dataclass(frozen=True)
class Colours:
    """What a network's input is made of frames by.

    Attributes:
        bgr: whether blue comes first.
        range: what 0..255 becomes, (low, high).
        mean, std: what is then subtracted and divided by, of each channel in the network's order.
    """

    bgr: bool
    range: Range
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return frames (..., 3), 0..255 RGB, as the network takes them, float32."""
        low, high = self.range
        scale = np.array([(high - low) / 255 / std for std in self.std], np.float32)
        shift = np.array([(low - mean) / std for mean, std in zip(self.mean, self.std, strict=True)], np.float32)
        ordered = frames[..., ::-1] if self.bgr else frames
        return ordered.astype(np.float32) * scale + shift

    def __str__(self) -> str:
        low, high = self.range
        order = "BGR" if self.bgr else "RGB"
        plain = not any(self.mean) and set(self.std) == {1.0}
        return f"{order} {low:g}..{high:g}" + ("" if plain else f" less {_text(self.mean)} by {_text(self.std)}")


def _text(values: tuple[float, ...]) -> str:
    return f"{values[0]:g}" if len(set(values)) == 1 else f"[{', '.join(f'{value:g}' for value in values)}]"


def choose_colours(channels: str, span: object, mean: object, std: object, said: Said) -> tuple[Colours | None, list]:
    """Return the colours that were asked for or that the file says; or None, and what is to be asked for.

    Args:
        channels: `rgb`, `bgr` or `auto`.
        span: 1 (0..1), 255 (as they are), [low, high], or `auto`.
        mean, std: a number, three of them, or `auto`.
        said: by the file.
    """
    order = said.channels if channels == "auto" else channels
    limits = said.range if span == "auto" else _range(span)
    means = said.mean if mean == "auto" else _three(mean)
    deviations = said.std if std == "auto" else _three(std)
    lacking = [
        *(["extractor.channels=rgb (or bgr)"] if order is None else []),
        *(["extractor.range=1 (0..1; or 255: as they are, or [-1,1])"] if limits is None else []),
        *(["extractor.mean=0 (or [R,G,B], in that range)"] if means is None else []),
        *(["extractor.std=1 (or [R,G,B])"] if deviations is None else []),
    ]
    if order is None or limits is None or means is None or deviations is None:
        return None, lacking
    return Colours(order == "bgr", limits, means, deviations), []


def _range(span: object) -> Range:
    return (0.0, float(span)) if isinstance(span, (int, float)) else (float(span[0]), float(span[1]))  # type: ignore[index]


def _three(value: object) -> tuple[float, ...]:
    values = [value] * 3 if isinstance(value, (int, float)) else list(value)  # type: ignore[call-overload]
    return tuple(float(one) for one in values)
