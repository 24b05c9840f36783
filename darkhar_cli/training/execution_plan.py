"""What will be done, resolved before any classifier, engine or feature cache is built.

Which streams there are, whether each is trained from features or from frames and why, what computes features, which
classifier is fed from which streams, and whether it is solved or trained by steps. What an extractor allows (whether
it learns, where it runs, its features' symmetry) is known of the built extractor alone; so each distinct stream's is
built here, once, and whoever executes the plan takes it from there.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.data.frame_times import irregular_note
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.features.frozen_extractor import Runtime
from darkhar_cli.models.action_model import Part
from darkhar_cli.samplers.contract import Sampler
from darkhar_cli.training.experiment import StreamParts


@dataclass(frozen=True)
class StreamPlan:
    """How one stream is executed.

    Attributes:
        names: the experiment's streams that this is: equal frozen ones are one.
        parts: by name and parameters; the classifier is the first name's.
        sampler: picks positions.
        extractor: built, in the precision that its mode and runtime want.
        mode: `features` or `end_to_end`.
        why: this mode.
        runtime: what computes features; None where frames are learnt from.
    """

    names: tuple[str, ...]
    parts: StreamParts
    sampler: Sampler = field(repr=False)
    extractor: Extractor = field(repr=False)
    mode: str
    why: str
    runtime: Runtime | None = None

    @property
    def views(self) -> int:
        """Return how many views of a clip are scored."""
        return self.sampler.views(training=False)

    def short_clips(self, table: pd.DataFrame) -> int:
        """Return how many clips of a table are shorter than the sampler wants."""
        lengths, rates = (table[key].to_numpy() for key in ("n_frames", "fps"))
        return int(np.sum(self.sampler.is_short(np, lengths, rates)))


@dataclass(frozen=True)
class ClassifierPlan:
    """A classifier and what it is fed.

    Attributes:
        part: name and parameters.
        names: the streams it is fed from; several stand side by side, or one after another.
        streams: their places in the plan's streams.
        solved: it is solved for at once, where it would be trained by steps.
        in_time: several streams stand one after another in time.
    """

    part: Part
    names: tuple[str, ...]
    streams: tuple[int, ...]
    solved: bool
    in_time: bool = False


@dataclass(frozen=True)
class ExecutionPlan:
    """How an experiment is executed.

    Attributes:
        streams: distinct ones.
        classifiers: each trained as if alone; several are fused late.
        mode: of all streams, `features` or `end_to_end`.
        why: this mode.
        epochs: most a fold is trained for; 1 where every classifier is solved.
        random_state: of Python's generator behind the last extractor: what the first weights of whole models follow.
    """

    streams: tuple[StreamPlan, ...]
    classifiers: tuple[ClassifierPlan, ...]
    mode: str
    why: str
    epochs: int
    random_state: Any = field(repr=False, compare=False)

    @property
    def solved(self) -> bool:
        """Return whether nothing is left to train by steps."""
        return all(classifier.solved for classifier in self.classifiers)

    def lines(self, table: pd.DataFrame) -> list[str]:
        """Return the plan in lines for a log, for the clips of a table: mode, runtimes, clips that do not fit."""
        lines = [irregular_note(table)]
        for stream in self.streams:
            if stream.runtime:
                lines.append(f"runtime {stream.runtime.name} {stream.runtime.precision}: {stream.runtime.why}")
            if short := stream.short_clips(table):
                wanted = f"sampler {stream.parts.sampler[0]} wants: sampler.short={stream.sampler.short}"
                lines.append(f"{short} clips are shorter than {wanted}")
        return [f"mode {self.mode}: {self.why}", *filter(None, dict.fromkeys(lines))]

    def facts(self) -> dict[str, Any]:
        """Return the plan as plain values: what a summary prints."""
        return {
            "mode": self.mode,
            "why": self.why,
            "epochs": self.epochs,
            "streams": [_stream_facts(stream) for stream in self.streams],
            "classifiers": [
                {"name": each.part[0], "from": list(each.names), "trained": "solved" if each.solved else "by steps"}
                for each in self.classifiers
            ],
        }


def _stream_facts(stream: StreamPlan) -> dict[str, Any]:
    runtime = stream.runtime
    return {
        "names": list(stream.names),
        "sampler": stream.parts.sampler[0],
        "enhance": "+".join(name for name, _ in stream.parts.enhance),
        "extractor": stream.extractor.name,
        "backend": stream.extractor.backend,
        "features": stream.extractor.features,
        "views": stream.views,
        "mode": stream.mode,
        "why": stream.why,
        "runtime": {"name": runtime.name, "precision": runtime.precision, "why": runtime.why} if runtime else None,
    }
