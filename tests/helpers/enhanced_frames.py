"""Dark frames, and every enhancement run on them."""

import keras
import numpy as np

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.models.layers import EnhanceFrames

ENHANCEMENTS = sorted(registry.parts("enhance"))
FRAME_WISE = [name for name in ENHANCEMENTS if getattr(registry.get("enhance", name), "scope", "frame") == "frame"]
WITH_SCOPE = [name for name in ENHANCEMENTS if "scope" in schema.options("enhance")[name].parameters]


def dark_frames(n=3, height=24, width=32):
    rng = np.random.default_rng(0)
    return np.clip(rng.gamma(2.0, 9.0, (n, height, width, 3)), 0, 255).round().astype(np.float32)


def chain(name, **parameters):
    return [(name, schema.options("enhance")[name].defaults | parameters)]


def run(name, frames, **parameters):
    return keras.ops.convert_to_numpy(EnhanceFrames(chain(name, **parameters))(frames))


def reference_equalizer():
    import keras_cv

    return keras_cv.layers.Equalization((0, 255))
