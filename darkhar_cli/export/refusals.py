"""What a format cannot express, by the name of the part: each is written alone to see which one fails."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from darkhar_cli import console
from darkhar_cli.errors import FailedWork
from darkhar_cli.export.assembling import Assembled
from darkhar_cli.export.contract import Format, InputSpec
from darkhar_cli.models.layers import EnhanceFrames
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.training.trainer import Trainer

_LONGEST = 300  # characters of a converter's own words


@dataclass(frozen=True)
class Alone:
    """One part of a model.

    Attributes:
        kind: `enhance`, `extractor` or `classifier`.
        name: as it was typed.
        layer: what computes it.
        inputs: its own.
    """

    kind: str
    name: str
    layer: Any
    inputs: tuple[InputSpec, ...]


class _Model(keras.Model):
    """A layer as a model, to be exported."""

    def __init__(self, layer: Any):
        super().__init__()
        self.layer, self.built = layer, True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return what the layer gives."""
        return self.layer(inputs)


def failed(kind: Format, problem: Exception, parts: Sequence[Alone]) -> FailedWork:
    """Return the failure of a converter: which part it is about, and what to use instead.

    Args:
        kind: the format.
        problem: the converter's.
        parts: of the model.
    """
    reason = " ".join(str(problem).split())[-_LONGEST:]
    instead = ["another format" if kind.name in ("keras", "savedmodel") else "format=savedmodel or format=keras"]
    guilty = [part for part in parts if not _expressed(kind, part)]
    instead += [f"train with another {part.kind}" for part in guilty]
    what = " and ".join(f"{part.kind} {part.name!r}" for part in guilty) or "this model"
    return FailedWork(f"format={kind.name} cannot express {what} ({reason}); use {', or '.join(instead)}")


def _expressed(kind: Format, part: Alone) -> bool:
    with tempfile.TemporaryDirectory() as folder, quiet_start(), console.libraries_silenced():
        try:
            kind.write(_Model(part.layer), part.inputs, Path(folder) / kind.file)
        except Exception:  # each converter has its own
            return False
    return True


def parts_of(trainer: Trainer, made: Assembled) -> list[Alone]:
    """Return the parts of a model, each once; `trainer` knows their names."""
    found = [*_seeing(trainer, made)] if made.takes != "features" else []
    for branch, head in zip(trainer.branches, made.model.average.heads[0], strict=True):
        features, mask = (InputSpec(one.name, tuple(one.shape), str(one.dtype)) for one in head.inputs)
        found.append(Alone("classifier", branch.classifier[0], head, (features, mask)))
    return list({(part.kind, part.name): part for part in found}.values())


def _seeing(trainer: Trainer, made: Assembled) -> Iterator[Alone]:
    for number, (stream, layers) in enumerate(zip(trainer.streams, made.model.streams, strict=True)):
        shape = made.inputs[number if len(made.inputs) > 1 else 0].shape
        frames = InputSpec("frames", shape if made.takes == "picked frames" else (None,) * 4 + (3,), "uint8")
        for one in stream.parts.enhance:
            yield Alone("enhance", one[0], EnhanceFrames([one]), (frames,))
        network = layers[3].extractor
        steps = (made.inputs[0].shape[1],) if made.takes == "picked frames" else (None,)
        seen = InputSpec("frames", (frames.shape[0], *steps, *_size(network, frames)), "float32")
        yield Alone("extractor", stream.parts.extractor[0], layers[3], (seen,))


def _size(network: Any, frames: InputSpec) -> tuple[int | None, ...]:
    """Return (h, w, 3) of what a network is shown."""
    height, width = network.input_shape[1:3]
    return (height or frames.shape[2], width or frames.shape[3], 3)
