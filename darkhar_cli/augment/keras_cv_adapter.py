"""What darkhar uses of keras-cv that has no public name; keras-cv gets no further releases, so it is pinned.

Its layers draw from a generator of their own (`_random_generator`) and from factor samplers, and hold other layers
(`_flatten_layers`, of Keras). `tests/augment/test_keras_cv_adapter.py` says which of these is gone after an upgrade.
"""

from collections.abc import Callable
from typing import Any, Protocol


class Generator(Protocol):
    """What a layer asks for random numbers, as it would a `tf.random.Generator`."""

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = 1, dtype: Any = ...) -> Any:
        """Return numbers from `minval` to below `maxval`."""


def feed(layer: Any, drawn: Generator, sampled: Callable[[Any, Any], Callable[..., Any]]) -> None:
    """Let a layer, and those inside it, take all its random numbers from `drawn`, and compute in float32.

    Args:
        layer: a keras-cv layer.
        drawn: stands where each has its generator.
        sampled: makes a factor sampler of the same distribution that takes its numbers from `drawn`.
    """
    import keras_cv

    for each in layer._flatten_layers():
        each.dtype_policy = "float32"
        each._random_generator = drawn
        for name, value in list(vars(each).items()):
            if isinstance(value, keras_cv.core.UniformFactorSampler | keras_cv.core.NormalFactorSampler):
                setattr(each, name, sampled(value, drawn))
