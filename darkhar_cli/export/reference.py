"""Predicts videos with an exported model: what stands in `pipeline.json`, step by step.

    python -m darkhar_cli.export.reference FOLDER clip.mp4 ...

A copy of this file lies beside each exported model, as `predict.py`. It takes darkhar's parts (decoding, samplers,
enhancement, extractors) and what reads the format; neither runs, nor training, nor configurations.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli import registry
from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.data.frame_times import frames_at
from darkhar_cli.data.loose_clips import LooseClip, LooseClips, clip_of_bytes
from darkhar_cli.data.video import ClipError
from darkhar_cli.errors import BadRequest, DarkharError
from darkhar_cli.export.contract import Runner
from darkhar_cli.export.formats import FORMATS
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.features.frozen_extractor import Frozen, choose_runtime, freeze
from darkhar_cli.features.interpolation import between, frames_for
from darkhar_cli.features.units import Unit
from darkhar_cli.models.action_model import build_extractor
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.samplers.contract import nearest


class Features:
    """What streams with the same enhancement and extractor share.

    Args:
        about: the entry of one of them in `pipeline.json`.
        folder: that files are in.
    """

    def __init__(self, about: Mapping[str, Any], folder: Path):
        self.about, self.folder = about, folder
        self.enhance = [(name, dict(values)) for name, values in about["enhance"]]
        self._last: tuple[str, np.ndarray] = "", np.empty(0)

    @cached_property
    def frozen(self) -> Frozen:
        """Return the extractor, ready to run."""
        name, parameters = self.about["extractor"]
        files = {key: str(self.folder / file) for key, file in self.about.get("files", {}).items()}
        built = build_extractor((name, {**parameters, **files}))
        if self.about.get("weights"):
            built.model.load_weights(str(self.folder / self.about["weights"]))
        return freeze((name, parameters), built, self.enhance, choose_runtime(built, RuntimeSettings()))

    def of(self, clip: LooseClip, positions: np.ndarray) -> np.ndarray:
        """Return the features (T, F) of a clip's frames at ascending positions."""
        return _extracted(self.frozen, clip, self.enhance, positions)

    def whole(self, clip: LooseClip) -> np.ndarray:
        """Return the features (T, F) of all frames of a clip; those of the last one are kept."""
        if self._last[0] != clip.digest:
            self._last = clip.digest, self.of(clip, np.arange(clip.n_frames))
        return self._last[1]


class Stream:
    """One stream of `pipeline.json`: sampler, enhancement, extractor.

    Args:
        about: its entry.
        features: of its enhancement and extractor.
        seed: of samplers that draw.
    """

    def __init__(self, about: Mapping[str, Any], features: Features, seed: int):
        self.seen, self.seed = features, seed
        name, parameters = about["sampler"]
        self.sampler = registry.get("sampler", name)(**parameters)

    def views(self, clip: LooseClip, interpolates: bool) -> list[np.ndarray]:
        """Return the positions (T,) of each view of a clip; whole ones, unless features are read between frames."""
        motion = _motion(clip) if self.sampler.wants_motion else None
        key = key_of(self.seed, SCORING, clip.digest)
        picked, mask = self.sampler(clip.n_frames, clip.fps, training=False, key=key, motion=motion)
        if not interpolates:
            if self.sampler.by_time and clip.times is not None:
                picked = frames_at(picked, clip.times)
            picked = nearest(np, picked).astype(np.int64)
        elif np.array_equal(picked, np.rint(picked)):
            picked = picked.astype(np.int64)
        return [view[known] for view, known in zip(picked, mask, strict=True)]

    def frames(self, clip: LooseClip) -> list[np.ndarray]:
        """Return the picked frames (T, H, W, 3) uint8 of each view."""
        return [decoded(clip, positions) for positions in self.views(clip, interpolates=False)]

    def features(self, clip: LooseClip) -> list[np.ndarray]:
        """Return the features (T, F) of each view."""
        unit = self.seen.frozen.unit
        views = self.views(clip, self.seen.frozen.extractor.scope == "clip")
        if unit is Unit.SAMPLE:
            return [self.seen.of(clip, view) for view in views]
        if unit is Unit.CLIP:
            known, features = np.arange(clip.n_frames), self.seen.whole(clip)
        else:
            known = np.unique(np.concatenate([frames_for(view) for view in views]))
            features = self.seen.of(clip, known)
        exact = (view.dtype.kind == "i" for view in views)
        return [
            features[np.searchsorted(known, view)] if one else between(features, known, view)
            for view, one in zip(views, exact, strict=True)
        ]


def decoded(clip: LooseClip, positions: np.ndarray) -> np.ndarray:
    """Return frames (T, H, W, 3) uint8 of a clip at whole positions."""
    wanted, back = np.unique(positions, return_inverse=True)
    return np.stack(list(clip.read(wanted)))[back]


def _extracted(frozen: Frozen, clip: LooseClip, enhance: Sequence[Any], positions: np.ndarray) -> np.ndarray:
    """Return the features (T, F) of a clip's frames at ascending positions."""
    frames = HostFrames(LooseClips("videos", [clip], []), enhance, frozen.extractor.size, frozen.last, frozen.whole)
    made, batch = frames(0, positions), frozen.engine.batch or len(positions)
    return np.concatenate([frozen.engine.run(made[i : i + batch]) for i in range(0, len(made), batch)])


def _motion(clip: LooseClip) -> np.ndarray:
    from darkhar_cli.features.frozen_extractor import frozen_alone

    plain: list[Any] = [("none", {})]
    return _extracted(frozen_alone(("motion", {})), clip, plain, np.arange(clip.n_frames))[:, 0]


class Pipeline:
    """An exported model: videos in, probabilities out.

    Args:
        folder: that `pipeline.json` is in.

    Attributes:
        classes: names in the order of the probabilities.

    Raises:
        BadRequest: there is none.
    """

    def __init__(self, folder: Path):
        place = folder / "pipeline.json"
        if not place.is_file():
            raise BadRequest(f"{folder} holds no exported model: pipeline.json is missing")
        try:
            self.folder, self.about = folder, json.loads(place.read_text(encoding="utf-8"))
            self.classes: list[str] = self.about["classes"]
            self.streams = self._streams(folder)
            self._read = FORMATS[self.about["format"]].read
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise BadRequest(f"{place} is damaged, or of another version of darkhar: {problem!r}") from problem

    def _streams(self, folder: Path) -> list[Stream]:
        shared: dict[str, Features] = {}
        made = []
        for one in self.about["streams"]:
            same = json.dumps([one.get(key) for key in ("enhance", "extractor", "files", "weights")])
            features = shared.setdefault(same, Features(one, folder))
            made.append(Stream(one, features, self.about["seed"]))
        return made

    @cached_property
    def network(self) -> Runner:
        """Return the model itself: inputs -> probabilities (1, K)."""
        return self._read(self.folder / self.about["file"])

    def probabilities(self, clip: LooseClip) -> np.ndarray:
        """Return the probabilities (K,) of a clip."""
        return self.network(self.inputs(clip))[0]

    def inputs(self, clip: LooseClip) -> list[np.ndarray]:
        """Return what the model is given of a clip.

        Raises:
            BadRequest: its frames have another size than the model takes.
        """
        takes = self.about["takes"]
        if takes == "features":
            return self._features(clip)
        self._refuse_size(clip)
        if takes == "clips":
            return [decoded(clip, np.arange(clip.n_frames))[None]]
        return _same_views([stream.frames(clip) for stream in self.streams])

    def _features(self, clip: LooseClip) -> list[np.ndarray]:
        """Return features (V, T, F) and mask (V, T) of each branch; shorter views are padded."""
        of_streams = [stream.features(clip) for stream in self.streams]
        axis = 0 if self.about.get("in_time") else 1  # one after another in time, or side by side
        found = []
        for number, fed in enumerate(self.about["branches"]):
            count = max(len(of_streams[at]) for at in fed)
            views = [np.concatenate([of_streams[at][min(v, len(of_streams[at]) - 1)] for at in fed], axis=axis)
                     for v in range(count)]  # fmt: skip
            steps = self.about["inputs"][2 * number]["shape"][1] or max(map(len, views))
            features = np.zeros((count, steps, views[0].shape[1]), np.float32)
            mask = np.zeros((count, steps), bool)
            for v, view in enumerate(views):
                features[v, : len(view)], mask[v, : len(view)] = view, True
            found += [features, mask]
        return _same_views([list(one) for one in found])

    def _refuse_size(self, clip: LooseClip) -> None:
        size = self.about["inputs"][0]["shape"][2:4]
        if None not in size and size != [clip.height, clip.width]:
            raise BadRequest(
                f"{clip.id}: frames are {clip.height}x{clip.width}, this model takes {size[0]}x{size[1]} (height x "
                f"width); export it with size={clip.height}x{clip.width}"
            )


def _same_views(of_inputs: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """Return each input's views as one array (V, ...); one with fewer gives its last again."""
    count = max(map(len, of_inputs))
    return [np.stack([views[min(v, len(views) - 1)] for v in range(count)]) for views in of_inputs]


def main(words: Sequence[str], folder: Path | None = None) -> int:
    """Print the probabilities of videos, best first; return an exit code, 1 where one of them failed."""
    if not words or (folder is None and len(words) < 2):
        print(__doc__)
        return 2
    try:
        pipeline = Pipeline(folder or Path(words[0]))
    except DarkharError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.exit_code
    code = 0
    for name in words if folder else words[1:]:
        try:
            p = pipeline.probabilities(clip_of_bytes(name, Path(name).read_bytes()))
        except (DarkharError, ClipError, OSError) as problem:
            print(f"error: {name}: {getattr(problem, 'strerror', None) or problem}", file=sys.stderr)
            code = 1
            continue
        best = ", ".join(f"{pipeline.classes[i]} {p[i]:.4f}" for i in np.argsort(-p, kind="stable"))
        print(f"{name}: {best}")
    return code


if __name__ == "__main__":
    beside = Path(__file__).resolve().parent
    sys.exit(main(sys.argv[1:], beside if (beside / "pipeline.json").is_file() else None))
