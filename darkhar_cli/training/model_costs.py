"""What the parts of an experiment cost for one clip: their outputs, parameters and floating-point operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkhar_cli.models.layer_costs import LayerCost, cost_of
from darkhar_cli.training.branches import Branch
from darkhar_cli.training.stream import Stream
from darkhar_cli.training.trainer import Trainer


@dataclass(frozen=True)
class PartCost:
    """A part of an experiment's model, and what it costs for one clip in scoring, all views of it.

    Attributes:
        kind: `clip`, `sampler`, `enhance`, `resize`, `extractor` or `classifier`.
        name: what it is called in a configuration.
        output: what comes out of it, without B: `8x240x320x3`.
        parameters: of all its weights; None of what is not Keras's.
        trained: how many of them are trained.
        operations: floating-point ones; None where they are not known.
        note: what else is to be known of it.
        layer: a Keras model's tree, its operations of one frame or one clip (`times` of them make a clip).
        times: how often the tree's operations are done for a clip.
    """

    kind: str
    name: str
    output: str
    parameters: int | None = 0
    trained: int = 0
    operations: int | None = 0
    note: str = ""
    layer: LayerCost | None = None
    times: int = 1


@dataclass(frozen=True)
class StreamCost:
    """A distinct stream's parts, from the clip to its features.

    Attributes:
        names: of the experiment's streams that this is.
        parts: in their order.
    """

    names: tuple[str, ...]
    parts: tuple[PartCost, ...]


@dataclass(frozen=True)
class ClassifierCost:
    """A classifier, and the streams that it is fed from; of several, how their features stand."""

    streams: tuple[str, ...]
    part: PartCost
    joined: str = ""


@dataclass(frozen=True)
class ModelCosts:
    """All parts of an experiment."""

    streams: tuple[StreamCost, ...]
    classifiers: tuple[ClassifierCost, ...]
    fusion: str = ""

    @property
    def parts(self) -> list[PartCost]:
        """Return every part once."""
        of_streams = [part for stream in self.streams for part in stream.parts]
        return [*of_streams, *(classifier.part for classifier in self.classifiers)]

    @property
    def parameters(self) -> int:
        """Return how many parameters all parts have, as far as that is known."""
        return sum(part.parameters or 0 for part in self.parts)

    @property
    def trained(self) -> int:
        """Return how many parameters are trained."""
        return sum(part.trained for part in self.parts)

    @property
    def operations(self) -> int:
        """Return the floating-point operations of a clip, as far as they are known."""
        return sum(part.operations or 0 for part in self.parts)

    @property
    def uncounted(self) -> list[str]:
        """Return the names of the parts whose operations are not known."""
        return list(dict.fromkeys(part.name for part in self.parts if part.operations is None))


def model_costs(trainer: Trainer, clip: Mapping[str, Any]) -> ModelCosts:
    """Return what an experiment's parts cost for a clip.

    Args:
        trainer: its parts, built.
        clip: `n_frames`, `fps`, `height` and `width` of the clip; a row of a clips' table.
    """
    branches, heads = trainer.branches, trainer.model.heads()
    streams = [
        StreamCost(planned.names, tuple(_stream(trainer, stream, clip)))
        for planned, stream in zip(trainer.execution.streams, trainer.streams, strict=True)
    ]
    classifiers = [
        ClassifierCost(branch.names, _classifier(branch, head, planned.solved, clip), _joined(branch))
        for branch, head, planned in zip(branches, heads, trainer.execution.classifiers, strict=True)
    ]
    fusion = "mean log-probability" if len(classifiers) > 1 else ""
    return ModelCosts(tuple(streams), tuple(classifiers), fusion)


def steps_of(stream: Stream, clip: Mapping[str, Any]) -> int:
    """Return T: how many steps of a clip are scored in each view."""
    return int(np.max(stream.sampler.count(np, int(clip["n_frames"]), float(clip["fps"]))))


def _joined(branch: Branch) -> str:
    if len(branch.streams) == 1:
        return ""
    return "one after another" if branch.in_time else "side by side"


def _stream(trainer: Trainer, stream: Stream, clip: Mapping[str, Any]) -> list[PartCost]:
    height, width, n_frames = int(clip["height"]), int(clip["width"]), int(clip["n_frames"])
    steps, views, whole = steps_of(stream, clip), stream.plan.views, stream.extractor.scope == "clip"
    of_views = f"{views} views of " if views > 1 else ""
    frames = n_frames if whole else steps
    about = f"frames, height, width, RGB; {float(clip['fps']):.4g} a second"
    parts = [PartCost("clip", "", f"{n_frames}x{height}x{width}x3", note=about)]
    sampler = PartCost("sampler", stream.parts.sampler[0], f"{of_views}{steps} of {n_frames}")
    seen = f"{'' if whole else of_views}{frames}"
    light = [PartCost("enhance", name, f"{seen}x{height}x{width}x3") for name, _ in stream.parts.enhance]
    if stream.extractor.size:
        light.append(PartCost("resize", "", "x".join(map(str, (seen, *stream.extractor.size, 3)))))
    extractor = _extractor(stream, frames * (1 if whole else views), (height, width))
    if whole:  # the sampler picks from the clip's timeline
        return [*parts, *light, extractor, sampler]
    return [*parts, sampler, *light, extractor]


def _extractor(stream: Stream, frames: int, native: tuple[int, int]) -> PartCost:
    known = stream.extractor
    output = f"{frames}x{known.features}"
    note = "trained" if known.trainable else "frozen"
    if stream.plan.runtime:
        note += f", {stream.plan.runtime.name} {stream.plan.runtime.precision}"
    if known.model is None:
        return PartCost("extractor", known.name, output, None, 0, None, note)
    height, width = known.size or native
    tree = cost_of(known.model, {"h": height, "w": width})
    done = None if tree.operations is None else frames * tree.operations
    trained = tree.trainable if known.trainable else 0
    return PartCost("extractor", known.name, output, tree.parameters, trained, done, note, tree, frames)


def _classifier(branch: Branch, head: Any, solved: bool, clip: Mapping[str, Any]) -> PartCost:
    joined = branch.streams if branch.in_time else branch.streams[:1]
    steps, views = sum(steps_of(stream, clip) for stream in joined), branch.views()
    tree = cost_of(head, {"T": steps})
    done = None if tree.operations is None else views * tree.operations
    outputs = f"{tree.shape[-1] if tree.shape else '?'} classes"
    # the last layer of a solved head is not trained by steps, and yet found by training
    trained = sum(layer.parameters for layer in tree.layers if layer.kind == "LogisticRegression") if solved else 0
    note = "solved" if solved else "trained"
    return PartCost(
        "classifier",
        branch.classifier[0],
        outputs,
        tree.parameters,
        trained or tree.trainable,
        done,
        note,
        tree,
        views,
    )
