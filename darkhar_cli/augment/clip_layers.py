"""keras-cv layers that treat all frames of a clip alike, with random numbers that hashes give.

A keras-cv layer draws from TensorFlow's global state, anew for every image, and its seed names a stream and not one
draw. Here what it draws are inputs of a graph that is traced once and mapped over the frames: the numbers of a clip
are those of its `Draw`, the same for each frame, in whatever thread and order clips come.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import tensorflow as tf

from darkhar_cli.augment.contract import Draw
from darkhar_cli.augment.keras_cv_adapter import feed

_NUMBERS = 128  # that the layers of one augmentation may draw in all; RandAugment draws up to 17 for each step
_BELOW_ONE = np.float32(1 - 2**-24)
_TRACING = Lock()  # keras-cv keeps count, for the whole process, of layers that are being traced


class ClipLayers:
    """Runs keras-cv layers, in order, on the frames of one clip; safe in threads.

    Args:
        make: given the frames' height and width, builds the layers. It gives each a seed, so that none touches
            TensorFlow's global generator; nothing is drawn by it.
    """

    def __init__(self, make: Callable[[int, int], Sequence[Any]]):
        self._make = make
        self._graphs: dict[tuple[int, ...], Callable[..., tf.Tensor]] = {}

    def __call__(self, frames: np.ndarray, draw: Draw) -> np.ndarray:
        """Return frames (T, h, w, 3) float32 0..255, all changed in the same way."""
        numbers = np.minimum(draw.uniform((_NUMBERS,)).astype(np.float32), _BELOW_ONE)
        frames = np.ascontiguousarray(frames, np.float32)
        with tf.device("CPU:0"):
            return self._graph(frames.shape[1:])(tf.constant(frames), tf.constant(numbers)).numpy()

    def _graph(self, shape: tuple[int, ...]) -> Callable[..., tf.Tensor]:
        with _TRACING:
            if shape not in self._graphs:
                _provide_global_generator()
                self._graphs[shape] = _traced(self._make(*shape[:2]), shape)
            return self._graphs[shape]


def _provide_global_generator() -> None:
    """Let layers that ignore their seed be built (RandomColorDegeneration); a deterministic TensorFlow makes none."""
    try:
        tf.random.get_global_generator()
    except RuntimeError:
        tf.random.set_global_generator(tf.random.Generator.from_seed(0))


def _traced(layers: Sequence[Any], shape: tuple[int, ...]) -> Callable[..., tf.Tensor]:
    """Return the graph of layers: frames (T, h, w, 3) float32 and numbers (_NUMBERS,) -> frames."""
    drawn = _Drawn()
    for layer in layers:
        feed(layer, drawn, _sampled)

    def run(frames: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        def one(frame: tf.Tensor) -> tf.Tensor:
            drawn.begin(numbers)
            for layer in layers:
                frame = layer(frame)
            return tf.clip_by_value(tf.ensure_shape(frame, shape), 0.0, 255.0)

        with tf.device("CPU:0"):
            return tf.map_fn(one, frames)

    kinds = tf.TensorSpec((None, *shape), tf.float32), tf.TensorSpec((_NUMBERS,), tf.float32)
    return tf.function(run, input_signature=kinds).get_concrete_function()


class _Drawn:
    """Replaces a layer's `tf.random.Generator`: gives the next number at each call."""

    def begin(self, numbers: tf.Tensor) -> None:
        """Give these numbers (n,) in (0, 1) from now on."""
        self._numbers, self._taken = numbers, 0

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = 1, dtype: Any = tf.float32) -> tf.Tensor:
        """Return one number from `minval` to below `maxval`, in any shape."""
        self._taken += 1
        low, high = tf.cast(minval, tf.float32), tf.cast(maxval, tf.float32)
        value = low + self._numbers[self._taken - 1] * (high - low)
        return tf.cast(tf.broadcast_to(value, shape), dtype)


def _sampled(sampler: Any, drawn: _Drawn) -> Callable[..., tf.Tensor]:
    """Return a factor sampler of the same distribution, whose numbers come from `drawn`."""

    def uniform(shape: Any = (), dtype: Any = "float32") -> tf.Tensor:
        return drawn.uniform(shape, sampler.lower, sampler.upper, dtype)

    def normal(shape: Any = (), dtype: Any = "float32") -> tf.Tensor:
        value = sampler.mean + sampler.stddev * tf.math.ndtri(drawn.uniform(shape))
        return tf.cast(tf.clip_by_value(value, sampler.min_value, sampler.max_value), dtype)

    return uniform if hasattr(sampler, "lower") else normal
