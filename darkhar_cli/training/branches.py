"""What each classifier of an experiment is fed: one stream of late fusion, or all streams side by side."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor
from darkhar_cli.features.prefetch import collate
from darkhar_cli.models.action_model import Part
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.stream import Look, Stream

Turned = Callable[[Stream, Sequence[np.ndarray]], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Branch:
    """A classifier and the streams it is fed from.

    Attributes:
        streams: their features stand side by side.
        names: of the streams.
        classifier: name and parameters.
        timeline: what the classifier is told of its features.
    """

    streams: tuple[Stream, ...]
    names: tuple[str, ...]
    classifier: Part
    timeline: Timeline

    def views(self) -> int:
        """Return how many views of a clip are scored."""
        return max(stream.sampler.views(training=False) for stream in self.streams)

    def bytes(self, rows: Sequence[int]) -> int:
        """Return how much memory the features of the longest of some clips take in training."""
        return 4 * self.timeline.features * self.streams[0].most_steps(rows)

    def load(
        self,
        rows: Sequence[int],
        epoch: int,
        view: int,
        darkenings: Sequence[Darkening | None],
        turned: Turned,
        backwards: Sequence[bool] | None = None,
    ) -> list[np.ndarray]:
        """Return one view's features (B, T, F) or frames (B, T, h, w, 3) of rows, and the mask (B, T).

        Args:
            rows: of the clips' table.
            epoch: whose positions are drawn.
            view: which one; a stream with fewer gives its last.
            darkenings: of each row.
            turned: what becomes of a stream's inputs before they are put together.
            backwards: whether each row will be played backwards then; None: none will.
        """
        seen = []
        for stream in self.streams:
            picked = [views[min(view, len(views) - 1)] for views in stream.positions(rows, epoch, darkenings)]
            looks = [Look(*one) for one in zip(rows, picked, darkenings, backwards or [False] * len(rows), strict=True)]
            seen.append(turned(stream, stream.load(looks)))
        if len(seen) == 1:
            return list(collate(seen[0]))
        return list(collate([np.concatenate(parts, axis=1) for parts in zip(*seen, strict=True)]))


def plan_branches(
    experiment: Experiment, clips: Clips, needs_frames: Callable[[Extractor], str], report: Callable[[str], None]
) -> list[Branch]:
    """Build an experiment's streams, equal ones once, and say which classifier is fed from which.

    Raises:
        BadRequest: streams that do not go together.
    """
    built: dict[str, Stream] = {}
    found: dict[str, Stream] = {}
    for name, parts in experiment.streams.items():
        key = json.dumps([parts.sampler, parts.enhance, parts.extractor])
        if key not in built or built[key].extractor.trainable:
            built[key] = Stream(parts, clips, experiment.setting, needs_frames, report)
        found[name] = built[key]
    _refuse_mixed(found)
    if experiment.fusion == "concat" and len(found) > 1:
        return [_side_by_side(experiment, found)]
    return [
        Branch((stream,), (name,), experiment.streams[name].classifier, stream.timeline)
        for name, stream in found.items()
    ]


def _refuse_mixed(streams: dict[str, Stream]) -> None:
    modes = {stream.mode: name for name, stream in streams.items()}
    if len(modes) > 1:
        learns, other = modes["end_to_end"], modes["features"]
        raise BadRequest(
            f"streams.{learns} is trained end to end ({streams[learns].why}) and streams.{other} from features: "
            "give both train.mode=end_to_end, or extractors that are frozen"
        )


def _side_by_side(experiment: Experiment, streams: dict[str, Stream]) -> Branch:
    """Return the only branch of `fusion=concat`."""
    parts = list(experiment.streams.values())
    first = next(iter(streams.values()))
    if first.mode != "features":
        raise BadRequest("fusion=concat puts features side by side: take extractors that are frozen, or fusion=late")
    for name, one in experiment.streams.items():
        for kind in ("sampler", "classifier"):
            if getattr(one, kind) != getattr(parts[0], kind):
                raise BadRequest(
                    f"fusion=concat: streams.{name} has another {kind} than {next(iter(streams))!r}; features side by "
                    "side are of the same moments and have one classifier"
                )
    channels: tuple[str, ...] = ()
    if all(stream.extractor.channels for stream in streams.values()):
        channels = tuple(f"{name}.{channel}" for name, s in streams.items() for channel in s.extractor.channels)
    timeline = Timeline(sum(s.extractor.features for s in streams.values()), channels, first.timeline.fps)
    return Branch(tuple(streams.values()), tuple(streams), parts[0].classifier, timeline)
