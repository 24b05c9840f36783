"""A finished run's parts as one object: clips in, probabilities out; `evaluate` and `predict` both ask it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli import console, device
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.loose_clips import LooseClip, LooseClips, VideoWindows, clip_of_bytes, clip_of_frames, placeholder
from darkhar_cli.data.video import ClipError, read_clip
from darkhar_cli.errors import BadRequest, FailedWork, unknown
from darkhar_cli.evaluation.stored_run import FoldName, classes_of, fold_facts, settings_of
from darkhar_cli.features.corruptions import Corruption
from darkhar_cli.features.memory_cache import MemoryCache
from darkhar_cli.prediction.certainty import temperature_of_run
from darkhar_cli.prediction.own_code import refuse_lost_parts
from darkhar_cli.prediction.request import FOLDS
from darkhar_cli.prediction.saved_weights import SavedWeights
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.stream_facts import StreamFacts, read_streams
from darkhar_cli.training.cross_validation import softmax
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.from_config import experiment_of
from darkhar_cli.training.scored_inputs import ScoredInputs
from darkhar_cli.training.trainer import Trainer


class Predictor:
    """The sampling, enhancement, features and classifiers of a run, and the weights of all its folds.

    Clips are seen as training's scoring saw them. A clip's probabilities are the mean over the folds.

    Args:
        run: finished.
        on: clips that stand for the training clips where the run has not kept their frame rates; their classes are in
            the run's order.
        experiment: the run's, where it is made already.
        folds: `all` of them; `held-out`: a clip that the run has scored in validation is predicted by the folds that
            held it out alone, others by all; `final`: the model that was trained on all training clips; `auto`: that
            one where there is one, else all folds.
        calibrated: divide logits by the temperature that the run's own validation predictions want.
        stored: keep features in the run's feature cache, and take them from there; else in memory, as long as needed.

    Attributes:
        classes: names in the order of probabilities.
        trainer: the parts.
        temperature: that logits are divided by.

    Raises:
        BadRequest: weights that are not the run's, lost parts, an extractor with other weights, no final model.
    """

    def __init__(
        self,
        run: Run,
        on: Clips | None = None,
        experiment: Experiment | None = None,
        folds: str = "auto",
        calibrated: bool = False,
        stored: bool = True,
    ):
        facts = run.facts()
        self.run, self.classes = run, classes_of(run)
        refuse_lost_parts(run)
        self._weights = SavedWeights(run)
        self.folds = self._chosen(folds)
        config = as_it_ran(settings_of(run), facts)
        experiment = experiment or experiment_of(config, self.classes)
        self.cache = experiment.setting.cache if stored else None  # a folder
        if experiment.setting.train.deterministic:
            device.make_deterministic()
        self.policy = facts["precision"]
        self._about = facts.get("training_clips", {})
        with device.precision(self.policy):
            self.trainer = Trainer(experiment, self._like_training(on))
        _refuse_other_extractor(run, self.trainer)
        self.temperature = temperature_of_run(run, self.classes) if calibrated else 1.0
        self._held_out = held_out_folds(run) if folds == "held-out" else {}

    def _chosen(self, folds: str) -> str:
        if folds not in FOLDS:
            raise unknown("folds", folds, FOLDS)
        if folds == "final" and not self._weights.final:
            raise BadRequest(f"{self.run.folder} has no final model; `darkhar refit {self.run.folder}` trains one")
        return {"auto": "final" if self._weights.final else "all"}.get(folds, folds)

    def _like_training(self, on: Clips | None) -> Clips:
        if "rates" in self._about:
            return placeholder(self._about["rates"], self._about["irregular"], self.classes)
        return on or placeholder([30.0], False, self.classes)  # an older run: what most cameras give

    @property
    def fold_names(self) -> list[FoldName]:
        """Return (repeat, fold) of every model that is asked."""
        return [self._weights.final] if self.folds == "final" and self._weights.final else self._weights.names

    def load(self) -> None:
        """Read all weights now, so that wrong ones are found before any clip is.

        Raises:
            BadRequest: a fold's weights are not those that the run saved.
        """
        with device.precision(self.policy):
            for name in self.fold_names:
                self._weights.give(name, self.trainer.model)

    def give(self, name: FoldName) -> None:
        """Give the one model that all folds share, `trainer.model`, the weights of a fold, as `load` reads them."""
        with device.precision(self.policy):
            self._weights.give(name, self.trainer.model)

    def on(self, clips: Clips, stored: bool | MemoryCache = True) -> Trainer:
        """Return the parts on some clips, whose classes are in the run's order."""
        return self.trainer.on(clips, stored if isinstance(stored, MemoryCache) else self.cache if stored else None)

    def fold_logits(
        self,
        parts: Trainer,
        rows: Sequence[int],
        darkenings: Sequence[Corruption | None] = (None,),
        folds: Sequence[FoldName] | None = None,
    ) -> Iterator[tuple[FoldName, list[np.ndarray]]]:
        """Yield each fold with its logits (N, K) float32 of rows, one array for each way of darkening.

        Raises:
            BadRequest: a fold's weights are not those that the run saved.
            FailedWork: a model gives no finite numbers, or clips cannot be read.
        """
        with device.precision(self.policy):
            scored = ScoredInputs(parts.branches, parts.mode == "features", parts.experiment.score_mirrored)
            names = self.fold_names if folds is None else folds
            for name in names:
                self._weights.give(name, parts.model)
                found = [scored.logits(parts.model, rows, way, keep=len(names) > 1) for way in darkenings]
                if not all(np.isfinite(logits).all() for logits in found):
                    path = self.run.model_path(name[1], name[0])
                    raise FailedWork(f"{path}: the model gives no finite numbers for these clips")
                yield name, found

    def probabilities(self, clips: Clips, stored: bool | MemoryCache = True) -> np.ndarray:
        """Return the probabilities (N, K) float64 of clips: the mean over the folds that each is predicted by.

        Args:
            clips: whose classes are in the run's order.
            stored: keep features in the run's feature cache, or in this one in memory; else as long as needed.

        Raises:
            FailedWork: a clip cannot be read; names it.
        """
        parts = self.on(clips, stored)
        by_folds: dict[tuple[FoldName, ...], list[int]] = {}
        for row, digest in clips.table["digest"].items():
            names = tuple(self._held_out.get(digest, self.fold_names))
            by_folds.setdefault(names, []).append(row)
        mean = np.zeros((len(clips.table), len(self.classes)))
        for names, rows in by_folds.items():
            for _, (logits,) in self.fold_logits(parts, rows, folds=names):
                mean[rows] += softmax(logits / np.float32(self.temperature)) / len(names)
        return mean

    def of(self, clips: Sequence[LooseClip], stored: bool = True) -> np.ndarray:
        """Return the probabilities (N, K) of clips without labels."""
        return self.probabilities(LooseClips("videos", clips, self.classes), stored)

    def of_windows(self, windows: VideoWindows, kept: MemoryCache) -> np.ndarray:
        """Return the probabilities (N, K) of windows of a video; features of its frames stay in memory for the next."""
        return self.probabilities(windows, kept)

    def predict(self, *videos: str | Path | bytes | np.ndarray, fps: float = 30.0) -> Any:
        """Return a DataFrame with a row for each video: id, label, confidence, and `p_<class>` of each class.

        Args:
            videos: files, their bytes, or frames (T, H, W, 3) uint8 RGB; each is one clip, whatever its length.
            fps: frames per second, where frames are given.

        Raises:
            FailedWork: a video cannot be read; names it.
        """
        from darkhar_cli.prediction.rows import table_of

        clips = [_clip(video, number, fps) for number, video in enumerate(videos)]
        return table_of([clip.id for clip in clips], self.of(clips), self.classes)

    def stream(self, source: Any, window: float = 3.0, stride: float | None = None) -> Iterator[Any]:
        """Yield a `rows.PredictedSpan` for each window of a video of any length, as soon as it has been seen.

        Args:
            source: a file's path, an open file, or an address that FFmpeg knows.
            window, stride: in seconds; by default windows overlap by half.
        """
        from darkhar_cli.data.video.streaming import open_stream
        from darkhar_cli.prediction.windows import predicted_windows

        with open_stream(os.path.expanduser(source) if isinstance(source, str) else source) as video:
            yield from predicted_windows(self, str(source), video, window, stride or window / 2)


def _clip(video: str | Path | bytes | np.ndarray, number: int, fps: float) -> LooseClip:
    name = f"video {number}"
    if isinstance(video, np.ndarray):
        if video.ndim != 4 or video.shape[3] != 3 or video.dtype != np.uint8 or not len(video):
            raise BadRequest(f"{name}: frames must be (T, H, W, 3) uint8, not {video.shape} {video.dtype}")
        return clip_of_frames(name, video, fps, digest=sha256(video.tobytes()).hexdigest())
    try:
        if isinstance(video, bytes):
            return clip_of_bytes(name, video)
        return clip_of_bytes(str(video), read_clip(Path(video).expanduser()))
    except ClipError as problem:
        raise FailedWork(f"{name if isinstance(video, bytes) else video}: {problem}") from problem
    except OSError as problem:
        raise FailedWork(f"{video!s}: {problem.strerror or problem}") from problem


def as_it_ran(config: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's configuration with what `auto` meant on the machine that it ran on."""
    streams, runtime = read_streams(facts), dict(config["runtime"])
    ran = [stream.runtime for stream in streams]
    runtime["name"] = next((name for name in ("openvino", "keras") if name in ran), runtime["name"])
    if "openvino" in ran:  # all other runtimes compute in float32 beside it
        runtime["precision"] = "bfloat16" if "bfloat16" in [stream.precision for stream in streams] else "float32"
    return {**config, "train": {**config["train"], "mode": facts["mode"]}, "runtime": runtime}


def held_out_folds(run: Run) -> dict[str, list[FoldName]]:
    """Return which folds held a clip out and scored it in validation, by the clip's content."""
    listed = run.read("assignment.csv")
    found: dict[str, list[FoldName]] = {}
    for _, row in listed[listed["split"] == "validation"].iterrows() if "digest" in listed else ():
        found.setdefault(row["digest"], []).append((int(row["repeat"]), int(row["fold"])))
    known = set(fold_facts(run))
    return {digest: names for digest, names in found.items() if known.issuperset(names)}


def _refuse_other_extractor(run: Run, trainer: Trainer) -> None:
    """Refuse features of another extractor than the head was trained on; a whole model brings its own weights."""
    if trainer.mode != "features":
        return
    here, then = trainer.stream_facts(), read_streams(run.facts())
    ours, theirs = (_texts(streams, "weights_hash") for streams in (here, then))
    if theirs and ours != theirs:
        raise BadRequest(
            f"extractor {_texts(here, 'extractor')!r} has other weights than when {run.folder} was trained "
            f"(hash {ours}, run.json has {theirs}): this classifier was trained on other features; "
            "bring the old weights back"
        )
    now, before = (_texts(streams, "precision") for streams in (here, then))
    if before and before != now:
        console.warn(f"features are computed in {now} here, in {before} when the run was trained")


def _texts(streams: Sequence[StreamFacts], name: str) -> str:
    """Return what streams have of a fact, each text once."""
    return ", ".join(dict.fromkeys(text for stream in streams if (text := getattr(stream, name))))
