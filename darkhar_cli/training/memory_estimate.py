"""How much memory a run takes at its peak, before it runs: from frames, their size, the batch, model and streams.

What the process takes with its parts built is measured; what is added to it then is computed here. Memory that a GPU
holds is not in it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from darkhar_cli import ambient
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.models.layer_costs import LayerCost
from darkhar_cli.training.model_costs import ModelCosts
from darkhar_cli.training.stream import Stream
from darkhar_cli.training.trainer import Trainer

_FLOAT = 4  # bytes
_CHUNK = 8  # frames at native size that are enhanced together where each is on its own
_KEEP = 1 << 30  # bytes of features or frames that are kept for the next epochs
_KEEP_SCORED = 1 << 28  # bytes of features kept for scoring
_SCORED = 32  # clips that are scored together
_LATER = 150 << 20  # bytes of what is imported after the parts are built: folds, statistics, figures
_TRACED = 60 << 20  # bytes of a traced step and its scoring, and what training leaves to the allocator
_ENGINE_WEIGHTS = 3  # times an extractor's weights: an engine converts, compiles and packs them


@dataclass(frozen=True)
class MemoryEstimate:
    """The main memory of a process at its peak.

    Attributes:
        parts: bytes by what takes them, largest first.
    """

    parts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return all of it in bytes."""
        return sum(self.parts.values())


def estimate_memory(
    trainer: Trainer, costs: ModelCosts, rows: Sequence[int], built: int | None = None
) -> MemoryEstimate:
    """Return the memory that training and scoring some clips takes at its peak.

    Args:
        trainer: its parts, built.
        costs: of these parts.
        rows: of the clips' table: those trained on and scored.
        built: bytes that the process takes with its parts built; None: this one, as it is now.
    """
    table = trainer.clips.table.loc[list(rows)]
    found = {"program and libraries": (resident_memory() if built is None else built) + _LATER}
    extracting = max((_extraction(stream, table) for stream in trainer.streams if stream.frozen), default=0)
    learning = _training(trainer, costs, rows)
    found["frames on their way to features"] = max(0, extracting - learning)  # memory of the one serves the other
    found["batches and layers' outputs"] = learning
    found["features and frames kept"] = _kept(trainer, rows)
    found["weights, gradients and traced steps"] = _weights(trainer, costs) + _TRACED
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return MemoryEstimate({what: size for what, size in ordered if size})


def resident_memory() -> int:
    """Return the bytes of main memory that this process takes; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _extraction(stream: Stream, table: pd.DataFrame) -> int:
    """Return the bytes of frames under way: decoded and enhanced in threads, prepared ones that wait, the engine's."""
    lengths, height, width = (int(table[key].max()) for key in ("n_frames", "height", "width"))
    native, whole = height * width * 3, stream.extractor.scope == "clip"
    at_once = lengths if chain_scope(stream.parts.enhance) == "clip" else _CHUNK
    picked = stream.most_steps(table.index.tolist()) * stream.plan.views
    taken = lengths if whole else min(lengths, picked)
    decoding = (
        ambient.cores() * min(at_once, taken) * native * (2 + 3 * _FLOAT)
    )  # as decoded, stacked, before and after
    if whole:
        scale = min(1.0, (stream.extractor.longest or 1 << 30) / max(height, width))
        return decoding + int(ambient.cores() * 2 * taken * native * scale**2)
    if stream.extractor.model is None:
        return decoding
    side = stream.extractor.size or (height, width)
    waiting = (ambient.cores() + 2) * taken * side[0] * side[1] * 3 * _FLOAT
    return decoding + waiting


def _training(trainer: Trainer, costs: ModelCosts, rows: Sequence[int]) -> int:
    """Return the bytes of a batch, what layers make of it and its gradients; or of scoring, where that is more."""
    train, total = trainer.train, 0
    clips = train.batch_per_class * len(trainer.clips.classes)
    for planned, classifier in zip(trainer.execution.classifiers, costs.classifiers, strict=True):
        stream = trainer.streams[planned.streams[0]]
        steps = stream.most_steps(rows)
        assert classifier.part.layer is not None, "a classifier is a Keras model"
        total += clips * classifier.part.layer.values * _FLOAT * 2
        if stream.frozen or stream.extractor.model is None:
            continue
        part = next(part for one in costs.streams for part in one.parts if part.layer and part.kind == "extractor")
        assert part.layer is not None, "just looked"
        total += max(
            _frames(stream, rows, clips, steps) + 2 * clips * steps * part.layer.values * _FLOAT,
            _frames(stream, rows, _SCORED, steps) + 3 * _SCORED * steps * part.layer.largest * _FLOAT,
        )
    return total


def _frames(stream: Stream, rows: Sequence[int], clips: int, steps: int) -> int:
    """Return the bytes of two batches of frames: the one that is learnt from, and the next."""
    height, width = _size(stream, rows)
    return 2 * clips * steps * height * width * 3 * _FLOAT


def _size(stream: Stream, rows: Sequence[int]) -> tuple[int, int]:
    table = stream.clips.table.loc[list(rows)]
    return stream.extractor.size or (int(table["height"].max()), int(table["width"].max()))


def _kept(trainer: Trainer, rows: Sequence[int]) -> int:
    """Return the bytes of features, or of frames that are learnt from, that stay for the next epochs."""
    total = 0
    for stream in trainer.streams:
        table = stream.clips.table.loc[list(rows)]
        lengths, rates = table["n_frames"].to_numpy(), table["fps"].to_numpy()
        if stream.frozen:
            steps = lengths if stream.extractor.scope == "clip" else stream.sampler.count(np, lengths, rates)
            features = int(np.sum(np.broadcast_to(steps, len(rows)))) * stream.extractor.features * _FLOAT
            total += min(_KEEP, features) + min(_KEEP_SCORED, features)
            continue
        steps = np.minimum(stream.sampler.count(np, lengths, rates, training=True), lengths)
        height, width = _size(stream, rows)
        total += min(_KEEP, int(np.sum(np.broadcast_to(steps, len(rows)))) * height * width * 3 * _FLOAT)
    return total


def _weights(trainer: Trainer, costs: ModelCosts) -> int:
    """Return the bytes of gradients, optimizer's moments and first values, and of engines' copies of the weights."""
    total = 4 * costs.trained * _FLOAT
    for stream, cost in zip(trainer.streams, costs.streams, strict=True):
        for part in cost.parts:
            if part.kind == "extractor" and part.layer and stream.frozen:
                total += _ENGINE_WEIGHTS * part.layer.parameters * _FLOAT + _engine(part.layer)
    return total


def _engine(layer: LayerCost) -> int:
    """Return the bytes of an engine's own arrays: a few layers' outputs of each batch under way."""
    return 3 * 4 * min(ambient.cores(), 8) * layer.largest * _FLOAT
