"""A run's folds as one Keras model: from uint8 frames where its parts allow that, else from features."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from darkhar_cli import device
from darkhar_cli.errors import BadRequest
from darkhar_cli.export.contract import InputSpec
from darkhar_cli.models.action_model import build_classifier, build_extractor
from darkhar_cli.models.deployed import FeaturesModel, FoldAverage, FramesModel, frames_stream
from darkhar_cli.prediction.predictor import Predictor
from darkhar_cli.samplers.contract import Sampler
from darkhar_cli.training.branches import Branch
from darkhar_cli.training.stream import Stream

_LONGEST_UNROLLED = 64  # steps of a recurrent layer that are written out one by one
_LENGTHS, _KEYS = (5, 37, 300), (1, 77, 4_000_000_000)  # clips and draws that a sampler is tried on

Size = tuple[int, int]


@dataclass(frozen=True)
class Assembled:
    """A model to be exported.

    Attributes:
        model: `FramesModel` or `FeaturesModel`.
        inputs: its inputs.
        takes: `clips`, `picked frames` or `features`.
        why: why it does not take whole clips; empty where it does.
    """

    model: Any
    inputs: tuple[InputSpec, ...]
    takes: str
    why: str = ""


def assemble(predictor: Predictor, fixed: bool, size: Size | None) -> Assembled:
    """Return one model of all weights that a predictor asks.

    Args:
        predictor: of a run.
        fixed: whether the format's shapes are fixed.
        size: (height, width) of frames where they are.
    """
    streams = predictor.trainer.streams
    host = _on_the_host(streams)
    with device.precision("float32"):
        heads, eyes = _weights(predictor)
        if host:
            return _from_features(predictor, heads, host)
        return _from_frames(predictor, heads, eyes, size if fixed else None, fixed)


def _on_the_host(streams: Sequence[Stream]) -> str:
    """Return which extractor has no Keras model, as the reason why a model takes features; empty where each has one."""
    return next(
        (f"extractor {one.extractor.name!r} runs on the host" for one in streams if not one.extractor.model), ""
    )


def _why_picked(streams: Sequence[Stream], fixed: bool) -> str:
    """Return why a model takes picked frames, not clips; empty where samplers pick in the model.

    Raises:
        BadRequest: shapes are fixed, and a sampler picks now more, now fewer frames.
    """
    for stream in streams:
        name, sampler = stream.parts.sampler[0], stream.sampler
        if fixed and _steps([stream]) is None:
            raise BadRequest(
                f"sampler {name!r} picks more frames of longer clips, and shapes are fixed in this format: use "
                "format=openvino, onnx, savedmodel or keras, or train with a sampler of so many frames"
            )
        if sampler.wants_motion:
            return f"sampler {name!r} looks at each clip's motion first"
        if not isinstance(sampler.frames, int):
            return f"sampler {name!r} picks more frames of longer clips, or by their rate"
        if _draws(sampler):
            return f"sampler {name!r} draws by each clip's content"
    if len({stream.sampler.views(training=False) for stream in streams}) > 1:
        return "the streams' samplers have different numbers of views"
    return "shapes are fixed in this format" if fixed else ""


def _draws(sampler: Sampler) -> bool:
    """Return whether a sampler's picks in scoring depend on anything but a clip's length."""
    return any(
        not np.array_equal(sampler(n, fps, key=key)[0], sampler(n, None, key=0)[0])
        for n in _LENGTHS
        for key in _KEYS
        for fps in (10.0, 60.0)
    )


def _weights(predictor: Predictor) -> tuple[list[list[Any]], list[list[Any]]]:
    """Return each fold's classifiers, and of each stream the extractors, one where all folds share it."""
    trainer, number = predictor.trainer, len(predictor.classes)
    learnt = trainer.mode != "features"
    heads: list[list[Any]] = []
    eyes: list[list[Any]] = [[] for _ in trainer.streams]
    for name in predictor.fold_names:
        predictor.give(name)
        heads.append([])
        for branch, head in zip(trainer.branches, trainer.model.heads(), strict=True):
            copied = build_classifier(branch.classifier, branch.timeline, number)
            copied.set_weights(head.get_weights())
            heads[-1].append(_unrolled(copied, _branch_steps(branch)))
        for stream, kept in zip(trainer.streams, eyes, strict=True):
            if stream.extractor.model is not None and (not kept or (learnt and stream.extractor.trainable)):
                kept.append(_copy(stream))
    return heads, eyes


def _copy(stream: Stream) -> Any:
    """Return a float32 copy of a stream's extractor with the weights that it has now."""
    name, parameters = stream.parts.extractor
    without = {"weights": "none"} if "weights" in parameters else {}
    copied = build_extractor((name, {**parameters, **without})).model
    copied.set_weights(stream.extractor.model.get_weights())
    return copied


def _from_frames(
    predictor: Predictor, heads: list[list[Any]], eyes: list[list[Any]], size: Size | None, fixed: bool
) -> Assembled:
    trainer = predictor.trainer
    why = _why_picked(trainer.streams, fixed)
    streams = [
        frames_stream(stream.parts.sampler, stream.parts.enhance, stream.extractor.size, models, picked=bool(why))
        for stream, models in zip(trainer.streams, eyes, strict=True)
    ]
    fed = [[trainer.streams.index(stream) for stream in branch.streams] for branch in trainer.branches]
    views = 0 if why else trainer.streams[0].sampler.views(training=False)
    average = FoldAverage(heads, views, predictor.temperature, name="average")
    mirrored, in_time = trainer.experiment.score_mirrored, trainer.branches[0].in_time
    model = FramesModel(streams, fed, average, mirrored, in_time, name="darkhar")
    if not why:
        return Assembled(model, (InputSpec("frames", (None, None, None, None, 3), "uint8"),), "clips")
    most = max(stream.sampler.views(training=False) for stream in trainer.streams)
    inputs = [
        InputSpec(f"frames_{n}", (most if fixed else None, _steps([stream]), *(size or (None, None)), 3), "uint8")
        for n, stream in enumerate(trainer.streams)
    ]
    return Assembled(model, tuple(inputs), "picked frames", why)


def _from_features(predictor: Predictor, heads: list[list[Any]], why: str) -> Assembled:
    trainer = predictor.trainer
    mirrors = [_mirror(branch) for branch in trainer.branches] if trainer.experiment.score_mirrored else []
    average = FoldAverage(heads, 0, predictor.temperature, name="average")
    inputs = []
    for number, branch in enumerate(trainer.branches):
        steps = _branch_steps(branch)
        inputs.append(InputSpec(f"features_{2 * number}", (None, steps, branch.timeline.features), "float32"))
        inputs.append(InputSpec(f"mask_{2 * number + 1}", (None, steps), "bool"))
    return Assembled(FeaturesModel(average, mirrors, name="darkhar"), tuple(inputs), "features", why)


def _steps(streams: Sequence[Stream]) -> int | None:
    """Return T of what streams sample in scoring where it is one for all clips."""
    lengths, rates = np.array([1, 50, 5000]), np.array([30.0, 10.0, 60.0])
    same = {int(count) for stream in streams for count in np.ravel(stream.sampler.count(np, lengths, rates))}
    return same.pop() if len(same) == 1 else None


def _branch_steps(branch: Branch) -> int | None:
    """Return T of what a classifier is fed where it is one for all clips."""
    if not branch.in_time:
        return _steps(branch.streams)
    each = [_steps([stream]) for stream in branch.streams]
    return None if None in each else sum(steps or 0 for steps in each)


def _mirror(branch: Branch) -> list[list[float]]:
    """Return what a branch's features are in a mirror: the channel that each comes from, its sign and offset."""
    source: list[float] = []
    sign: list[float] = []
    offset: list[float] = []
    for stream in branch.streams[: 1 if branch.in_time else None]:  # in time, all have the same channels
        symmetry = stream.extractor.symmetry
        assert symmetry is not None, "asked for only where every extractor has one"
        count = len(symmetry.channels)
        zero = symmetry.mirrored(np.zeros(count, np.float32))
        turned = symmetry.mirrored(np.eye(count, dtype=np.float32)) - zero  # row: channel in, column: channel out
        at = np.abs(turned).argmax(axis=0)
        source += (at + len(sign)).astype(float).tolist()
        offset += zero.tolist()
        sign += turned[at, np.arange(count)].tolist()
    return [source, sign, offset]


def _nested(layer: Any) -> Iterator[Any]:
    """Yield a layer and all layers inside it."""
    yield layer
    inside = [getattr(layer, name, None) for name in ("layer", "forward_layer", "backward_layer")]
    for one in [*getattr(layer, "layers", ()), *(one for one in inside if one is not None)]:
        yield from _nested(one)


def _unrolled(head: Any, steps: int | None) -> Any:
    """Return a classifier whose recurrent layers are written out step by step, where there are a few steps.

    Loops are what other formats know least. Its inputs have that many steps: each layer is traced alone, too.
    """
    layers = [layer for layer in _nested(head) if isinstance(layer, keras.layers.RNN)]
    if not layers or not steps or steps > _LONGEST_UNROLLED:
        return head
    for layer in layers:
        layer.unroll = True
    inputs = [keras.Input((steps, *one.shape[2:]), dtype=one.dtype, name=one.name) for one in head.inputs]
    made = keras.models.clone_model(head, input_tensors=inputs)
    made.set_weights(head.get_weights())
    return made
