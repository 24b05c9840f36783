"""One stream of an experiment, on clips: frame sampler, enhancement and feature extractor."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from darkhar_cli import console
from darkhar_cli.classifiers.contract import Timeline
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.frame_times import frames_at, irregular
from darkhar_cli.data.loose_clips import VideoWindows
from darkhar_cli.errors import BadRequest
from darkhar_cli.features.cached_features import CachedFeatures
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.features.frame_loader import FrameInputs
from darkhar_cli.features.frozen_extractor import Frozen, freeze, frozen_alone
from darkhar_cli.features.interpolation import frames_for
from darkhar_cli.features.units import Unit
from darkhar_cli.models.action_model import Part
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.runs.stream_facts import StreamFacts
from darkhar_cli.samplers.contract import nearest as nearest_frame
from darkhar_cli.training.execution_plan import StreamPlan
from darkhar_cli.training.experiment import Setting
from darkhar_cli.training.stream_inputs import banked_features, decoded_frames, frames_at_a_time
from darkhar_cli.training.try_out import try_out

_MOTION: Part = ("motion", {})
_PLAIN: list[Part] = [("none", {})]
_SHARED = 16  # frames of a video that a thread prepares at a time: there is but one clip to be shared out


@dataclass(frozen=True)
class ClipRequest:
    """One clip as a stream is asked for it: its row, positions (T,), and how it is darkened before.

    Attributes:
        backwards: whether it will be played backwards: step channels are read where steps lead away from.
    """

    row: int
    positions: np.ndarray
    darkening: Corruption | None = None
    backwards: bool = False


class Stream:
    """Samples clips and gives what a classifier is fed: features from the cache, or frames.

    Args:
        plan: how it is executed, its extractor built.
        clips: on what.
        setting: shared with the other streams.
        report: told of damaged features.
    """

    def __init__(self, plan: StreamPlan, clips: Clips, setting: Setting, report: Callable[[str], None] = console.warn):
        self.plan, self.clips, self.setting, self.report = plan, clips, setting, report
        self.parts, self.sampler, self.extractor, self.mode = plan.parts, plan.sampler, plan.extractor, plan.mode
        self.frozen: Frozen | None = None
        self._tried = False
        if plan.runtime:
            self.frozen = freeze(self.parts.extractor, self.extractor, self.parts.enhance, plan.runtime)
        self._read(clips)

    def _read(self, clips: Clips) -> None:
        self._inputs: dict[Corruption | None, CachedFeatures | FrameInputs] = {}
        self._motion: dict[Corruption | None, CachedFeatures] = {}
        columns = (clips.table[key].tolist() for key in ("id", "digest", "n_frames", "fps"))
        self._about = dict(zip(clips.table.index.tolist(), zip(*columns, strict=True), strict=True))

    def on(self, clips: Clips, setting: Setting) -> "Stream":
        """Return this stream on other clips, with the same parts and what computes their features."""
        other = copy.copy(self)
        other.clips, other.setting = clips, setting
        other._read(clips)
        return other

    @property
    def interpolates(self) -> bool:
        """Return whether features may be read between frames."""
        return self.mode == "features" and self.extractor.scope == "clip"

    @property
    def timeline(self) -> Timeline:
        """Return what a classifier is told of the features."""
        rates = {round(float(fps), 3) for fps in self.clips.table["fps"]}
        even = self.interpolates or self.sampler.by_time or not irregular(self.clips.table).any()
        fps = self.sampler.timeline_fps(rates.pop() if len(rates) == 1 and even else None)
        return Timeline(self.extractor.features, self.extractor.channels, fps)

    def inputs(self, darkening: Corruption | None = None) -> CachedFeatures | FrameInputs:
        """Return where inputs of clips come from that are darkened in this way."""
        if darkening not in self._inputs:
            self._inputs[darkening] = self._make(darkening)
        return self._inputs[darkening]

    def all_inputs(self) -> list[CachedFeatures | FrameInputs]:
        """Return where inputs have come from so far."""
        return list(self._inputs.values())

    def _make(self, darkening: Corruption | None) -> CachedFeatures | FrameInputs:
        if self.frozen:
            at_a_time = frames_at_a_time(self.clips, self.extractor.size)
            if self._overlapping(darkening):
                at_a_time = min(at_a_time, _SHARED)
            return self._banked(self.frozen, self.parts.enhance, darkening, at_a_time)
        return decoded_frames(self.clips, self.parts.enhance, self.extractor.size, darkening)

    def _banked(
        self, frozen: Frozen, enhance: Sequence[Part], darkening: Corruption | None, at_a_time: int = 1 << 30
    ) -> CachedFeatures:
        """Return features of clips darkened in this way, from a bank of their own."""
        cache, report, read_only = self.setting.cache, self.report, self.setting.read_only
        windows = self._overlapping(darkening) if frozen is self.frozen else None
        clips = windows.source if windows else self.clips
        return banked_features(clips, cache, frozen, enhance, darkening, report, at_a_time, read_only)

    def _overlapping(self, darkening: Corruption | None) -> VideoWindows | None:
        """Return the clips if they are windows of a video whose frames are each computed on their own, once for all."""
        alone = self.frozen is not None and self.frozen.unit is Unit.FRAME and darkening is None
        return self.clips if alone and isinstance(self.clips, VideoWindows) else None

    def positions(
        self, rows: Sequence[int], epoch: int, darkenings: Sequence[Corruption | None] | None = None
    ) -> list[list[np.ndarray]]:
        """Return each row's sampled frame positions, a list of (T,) for each view, in training or scoring.

        They are whole unless features can be read between frames. `darkenings`, of each row, are seen by samplers that
        look at the clip.
        """
        energies: Sequence[np.ndarray | None] = [None] * len(rows)
        if self.sampler.wants_motion:
            energies = self._energies(list(zip(rows, darkenings or [None] * len(rows), strict=True)))
        return [self._views(row, epoch, energy) for row, energy in zip(rows, energies, strict=True)]

    def _views(self, row: int, epoch: int, energy: np.ndarray | None) -> list[np.ndarray]:
        name, digest, n_frames, fps = self._about[row]
        key = key_of(self.setting.seed, epoch, digest)
        try:
            picked, mask = self.sampler(n_frames, fps, training=epoch != SCORING, key=key, motion=energy)
        except BadRequest as problem:
            raise BadRequest(f"{name}: {problem}") from problem
        if not self.interpolates:
            times = self.clips.times(row) if self.sampler.by_time else None
            picked = picked if times is None else frames_at(picked, times)
            picked = nearest_frame(np, picked).astype(np.int64)
        elif np.array_equal(picked, np.rint(picked)):
            picked = picked.astype(np.int64)
        return [view[known] for view, known in zip(picked, mask, strict=True)]

    def _energies(self, requested: Sequence[tuple[int, Corruption | None]]) -> list[np.ndarray]:
        """Return how much changes at each frame of each row's clip, darkened or not, (n,) float32, from the bank."""
        every = [(row, np.arange(self._about[row][2])) for row, _ in requested]
        for darkening in dict.fromkeys(darkening for _, darkening in requested):
            wanted = [whole for whole, (_, way) in zip(every, requested, strict=True) if way == darkening]
            motion = self._motion_inputs(darkening)
            missing = motion.missing(wanted)
            if missing:
                with console.progress("motion", missing, rate=True) as progress:
                    motion.fill(wanted, progress.advance)
        pairs = zip(every, requested, strict=True)
        return [self._motion[way].each([row], [whole])[0][:, 0] for (row, whole), (_, way) in pairs]

    def motion_missing(self, rows: Sequence[int], darkening: Corruption | None = None) -> int:
        """Return how many frames must be read before this stream's sampler can pick any of these rows' clips."""
        if not self.sampler.wants_motion:
            return 0
        return self._motion_inputs(darkening).missing((row, np.arange(self._about[row][2])) for row in rows)

    def _motion_inputs(self, darkening: Corruption | None) -> CachedFeatures:
        if darkening not in self._motion:
            self._motion[darkening] = self._banked(frozen_alone(_MOTION), _PLAIN, darkening)
        return self._motion[darkening]

    def wanted(
        self, rows: Sequence[int], epochs: Iterable[int], darkening: Corruption | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield what the bank will be asked for: rows and whole positions (n,), over these epochs."""
        epochs = list(epochs)
        for epoch in epochs[:1] if self.extractor.scope == "clip" else epochs:  # a whole clip serves every draw
            for row, views in zip(rows, self.positions(rows, epoch, [darkening] * len(rows)), strict=True):
                for positions in views:
                    yield row, frames_for(positions)

    def fill(self, rows: Sequence[int], epochs: Sequence[int], darkenings: Iterable[Corruption | None]) -> None:
        """Compute what the bank lacks of these rows, with progress where `console` shows it."""
        for darkening in darkenings:
            inputs = self.inputs(darkening)
            if isinstance(inputs, CachedFeatures):
                wanted = list(self.wanted(rows, epochs, darkening))
                what = "darkened frames" if darkening else "frames"
                missing = inputs.missing(wanted)
                if missing and self.frozen and not self._tried:
                    self._tried = bool(try_out(self.frozen, self.clips, self.parts.enhance, rows, console.note))
                with console.progress(what, missing, rate=True) as progress:
                    inputs.fill(wanted, progress.advance)

    def load(self, requests: Sequence[ClipRequest]) -> list[np.ndarray]:
        """Return what is seen of each clip: features (T, F) or frames (T, h, w, 3), float32."""
        loaded: list[Any] = [None] * len(requests)
        for darkening in {request.darkening for request in requests}:
            index = [i for i, request in enumerate(requests) if request.darkening == darkening]
            rows, positions = [requests[i].row for i in index], [requests[i].positions for i in index]
            if windows := self._overlapping(darkening):
                positions = [windows.in_video(row, picked) for row, picked in zip(rows, positions, strict=True)]
                rows = [0] * len(rows)
            for i, seen in zip(index, self.inputs(darkening).each(rows, positions), strict=True):
                loaded[i] = seen
        symmetry = self.extractor.symmetry if self.mode == "features" else None
        turned = [i for i, request in enumerate(requests) if request.backwards and symmetry and symmetry.has_steps]
        if turned and symmetry:
            for i, later in zip(turned, self.load([self._following(requests[i]) for i in turned]), strict=True):
                loaded[i] = symmetry.steps_away(loaded[i], later)
        return loaded

    def _following(self, request: ClipRequest) -> ClipRequest:
        """Return a request for one frame later each; after the clip's last frame, at that."""
        last = request.positions.dtype.type(self._about[request.row][2] - 1)
        return ClipRequest(request.row, np.minimum(request.positions + 1, last), request.darkening)

    def most_steps(self, rows: Sequence[int]) -> int:
        """Return T of the longest of some clips in training."""
        lengths, rates = (self.clips.table.loc[list(rows), key].to_numpy() for key in ("n_frames", "fps"))
        return int(np.max(self.sampler.count(np, lengths, rates, training=True)))

    def facts(self) -> StreamFacts:
        """Return the extractor, and what has computed its features so far, for run.json."""
        known, runtime = self.extractor, self.plan.runtime
        weights = self.frozen.about["weights"] if self.frozen else known.weights_hash  # random ones have a hash too
        cached = [inputs for inputs in self.all_inputs() if isinstance(inputs, CachedFeatures)]
        caches = tuple(dict.fromkeys(str(inputs.facts()["bank"]) for inputs in cached))
        of_features = (runtime.name, runtime.precision, caches) if runtime else ()
        return StreamFacts(known.name, known.backend, str(weights), *of_features)
