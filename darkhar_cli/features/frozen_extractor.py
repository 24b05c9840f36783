"""An extractor that does not learn, with its engine, and everything that its features depend on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np

from darkhar_cli import ambient, registry
from darkhar_cli.config.settings import RuntimeSettings
from darkhar_cli.data import frame_times, video
from darkhar_cli.enhance import levels
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.extractors.contract import Extractor, weights_hash
from darkhar_cli.features import frame_loader
from darkhar_cli.features import runtimes as engine
from darkhar_cli.features.prefetch import Engine
from darkhar_cli.features.runtimes import build_engine, keras_runtime, resolve_runtime, runs_bfloat16, versions
from darkhar_cli.features.units import Unit
from darkhar_cli.models import layers, resizing
from darkhar_cli.models.action_model import Part, build_extractor

_NOT_IDENTITY = ("weights", "trainable", "unfreeze")  # a hash stands for the first; a frozen part has the others off


@dataclass(frozen=True)
class Runtime:
    """What computes a frozen extractor's features.

    Attributes:
        name: `openvino`, `keras`, or the extractor's own.
        precision: it computes in: `float32` or `bfloat16` in OpenVINO, a policy in Keras.
        why: this one.
        policy: that a Keras extractor is built in for it; empty for others.
    """

    name: str
    precision: str
    why: str
    policy: str


@dataclass(frozen=True)
class Frozen:
    """A frozen extractor ready to fill a bank.

    Attributes:
        extractor: built in the precision its runtime wants.
        engine: runs it.
        unit: what is computed together.
        about: what its features depend on but the clip.
        runtime: what computes them, and why.
    """

    extractor: Extractor
    engine: Engine
    unit: Unit
    about: Mapping[str, Any]
    runtime: Runtime

    def last(self, frames: np.ndarray) -> np.ndarray:
        """Do with a few enhanced and resized frames (n, h, w, 3) float32 what need not wait for the whole clip."""
        if self.extractor.scope == "clip":
            return _smaller(np.rint(np.clip(frames, 0, 255)).astype(np.uint8), self.extractor.longest)
        return self.extractor.function(frames) if self.extractor.function else frames

    @property
    def whole(self) -> Callable[[np.ndarray, float, np.ndarray | None], np.ndarray] | None:
        """Return what is done with a whole clip's frames, rate and irregular times in the end, if anything."""
        return self.extractor.function if self.extractor.scope == "clip" else None


def _smaller(frames: np.ndarray, longest: int) -> np.ndarray:
    """Return frames (n, h, w, 3) uint8 whose longer side is at most `longest` (0: any), their shape kept."""
    height, width = frames.shape[1:3]
    scale = longest / max(height, width)
    if not longest or scale >= 1:
        return frames
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])


def frozen_policy(settings: RuntimeSettings) -> str:
    """Return the precision policy that a frozen Keras extractor is built in."""
    name, _ = keras_runtime(settings.name)
    if name == "openvino":
        return "float32"
    return "mixed_bfloat16" if settings.precision == "bfloat16" else keras.config.dtype_policy().name


def choose_runtime(extractor: Extractor, settings: RuntimeSettings) -> Runtime:
    """Return what computes a frozen extractor's features, as the `runtime` settings choose."""
    name, why = resolve_runtime(settings.name, extractor)
    if extractor.backend == "host":
        return Runtime(name, "float32", why, "")
    policy = precision = frozen_policy(settings)
    if name == "openvino" and settings.precision == "bfloat16":
        able = runs_bfloat16()
        precision, why = ("bfloat16", why) if able else ("float32", f"{why}; this CPU has no bfloat16")
    return Runtime(name, precision, why, policy)


def freeze(part: Part, built: Extractor, enhance: Sequence[Part], runtime: Runtime) -> Frozen:
    """Return a frozen extractor with its engine.

    Args:
        part: (name, parameters) of the extractor.
        built: that extractor, in the runtime's policy.
        enhance: (name, parameters) of each enhancement, in order.
        runtime: as `choose_runtime` gives it.
    """
    unit = Unit.FRAME
    if built.scope == "clip" or chain_scope(enhance) == "clip":
        unit = Unit.CLIP if built.scope == "clip" else Unit.SAMPLE
    about = {
        "extractor": built.name,
        "parameters": {key: value for key, value in part[1].items() if key not in _NOT_IDENTITY},
        "weights": built.weights_hash or (weights_hash(built.model) if built.model else ""),
        "source": registry.source_hash("extractor", part[0]),
        "enhance": [[name, dict(values), registry.source_hash("enhance", name)] for name, values in enhance],
        "size": list(built.size) if built.size else "native",
        "unit": unit.value,
        "runtime": runtime.name,
        "precision": runtime.precision,
        "versions": versions(runtime.name),
        **({"switches": ambient.switches()} if ambient.switches() else {}),
        "code": registry.file_hash(freeze, frame_loader, frame_times, layers, resizing, *video.READING, engine, levels),
    }
    return Frozen(built, build_engine(built, runtime.name, runtime.precision), unit, about, runtime)


def frozen_alone(part: Part) -> Frozen:
    """Return a frozen extractor on frames as they are, in its usual runtime."""
    built = build_extractor(part)
    return freeze(part, built, [("none", {})], choose_runtime(built, RuntimeSettings()))
