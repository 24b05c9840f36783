"""The Keras layers that chain four parts: sample, enhance, resize, extract per frame.

Sampling, enhancement and resizing are computed in float32 whatever the precision policy, and alike in training and
scoring.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from darkhar_cli import registry
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.randomness import SCORING, key_of


class _Float32Layer(keras.layers.Layer):
    """A layer that neither casts its input nor follows the mixed precision policy."""

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32", "autocast": False}))


def clip_frames(clip: Any) -> Any:
    """Return one clip of a ragged batch as a dense tensor (n, H, W, 3)."""
    return clip.to_tensor() if isinstance(clip, tf.RaggedTensor) else clip


@keras.saving.register_keras_serializable("darkhar")
class SampleFrames(_Float32Layer):
    """Pick frames of each clip: (B, n, H, W, 3), dense or ragged in n -> (B, T, H, W, 3) and mask (B, T) bool.

    Args:
        sampler: registered name.
        parameters: the sampler's parameters.
        seed: the run's seed; with `keys` (B,) uint32 a clip's draw equals the runner's in scoring.
    """

    def __init__(self, sampler: str, parameters: dict[str, Any], seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.sampler, self.parameters, self.seed = sampler, parameters, seed
        self._pick = registry.get("sampler", sampler)(**parameters)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "sampler": self.sampler, "parameters": self.parameters, "seed": self.seed}

    def default_keys(self, clips: Any) -> Any:
        """Return one key for every clip (B,) uint32, for clips that are not known by their content."""
        return tf.fill([clips.nrows() if isinstance(clips, tf.RaggedTensor) else tf.shape(clips)[0]], self._key())

    def _key(self) -> Any:
        return tf.constant(key_of(self.seed, SCORING, ""), tf.uint32)

    def longest(self, clips: Any) -> Any:
        """Return T of the batch: the count, or the fraction of its longest clip."""
        ragged = isinstance(clips, tf.RaggedTensor)
        return self._pick.count(ops, tf.reduce_max(clips.row_lengths()) if ragged else tf.shape(clips)[1])

    def pick(self, clip: Any, key: Any, length: Any) -> tuple[Any, Any]:
        """Sample one clip (n, H, W, 3) -> (T, H, W, 3) and mask (T,), where T may be less than `length`."""
        clip = clip_frames(clip)
        n = clip.shape[0] if clip.shape[0] is not None else tf.shape(clip)[0]
        if self._pick.short == "error" and isinstance(length, int):
            tf.debugging.assert_greater_equal(n, length, "a clip has fewer frames than sampler.frames")
        positions, mask = self._pick(n, training=False, key=key, xp=ops)
        return tf.gather(clip, tf.cast(positions[0], tf.int32)), mask[0]

    @staticmethod
    def pad(frames: Any, mask: Any, length: Any) -> tuple[Any, Any]:
        """Pad one clip's frames (T, ...) and mask (T,) with zeros to (length, ...) and (length,)."""
        missing = length - tf.shape(frames)[0]
        return tf.pad(frames, [[0, missing], [0, 0], [0, 0], [0, 0]]), tf.pad(mask, [[0, missing]])

    def call(self, clips: Any, keys: Any = None) -> tuple[Any, Any]:
        """Return the sampled frames and the mask; clips of a ragged batch must share height and width."""
        keys = self.default_keys(clips) if keys is None else tf.cast(keys, tf.uint32)
        length = self.longest(clips)
        steps = length if isinstance(length, int) else None
        spec = (tf.TensorSpec((steps, None, None, 3), clips.dtype), tf.TensorSpec((steps,), tf.bool))

        def one(inputs: Any) -> tuple[Any, Any]:
            return self.pad(*self.pick(*inputs, length), length)

        return tf.map_fn(one, (clips, keys), fn_output_signature=spec)


@keras.saving.register_keras_serializable("darkhar")
class EnhanceFrames(_Float32Layer):
    """Apply a chain of enhancements to frames (..., H, W, 3), uint8 or float -> float32, same shape, 0..255.

    Where an enhancement has scope `clip`, (T, H, W, 3) is one clip and (B, T, H, W, 3) are several, one by one.

    Args:
        chain: (name, parameters) of each enhancement, in order.
    """

    def __init__(self, chain: Sequence[Sequence[Any]], **kwargs: Any):
        super().__init__(**kwargs)
        self.chain = [(name, dict(parameters)) for name, parameters in chain]
        self.scope = chain_scope(self.chain)
        self._functions = [(registry.get("enhance", name), parameters) for name, parameters in self.chain]

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "chain": [[name, parameters] for name, parameters in self.chain]}

    def call(self, frames: Any) -> Any:
        """Return the enhanced frames."""
        if self.scope == "clip" and len(frames.shape) == 5:
            return ops.map(self._enhance, frames)
        return self._enhance(frames)

    def _enhance(self, frames: Any) -> Any:
        shape = ops.shape(frames)
        x = ops.reshape(ops.cast(frames, "float32"), (-1, *shape[-3:]))
        for function, parameters in self._functions:
            x = function(x, **parameters)
        return ops.reshape(x, shape)

    def compute_output_spec(self, frames: Any) -> Any:
        """Return the same shape as float32."""
        return keras.KerasTensor(frames.shape, "float32")


@keras.saving.register_keras_serializable("darkhar")
class ResizeFrames(_Float32Layer):
    """Resize frames (..., H, W, 3) float32 to `size` (height, width) by bilinear interpolation; None keeps them."""

    def __init__(self, size: Sequence[int] | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = tuple(size) if size else None

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "size": self.size}

    def call(self, frames: Any) -> Any:
        """Return the resized frames."""
        if self.size is None:
            return frames
        shape = ops.shape(frames)
        x = ops.image.resize(ops.reshape(frames, (-1, *shape[-3:])), self.size, interpolation="bilinear")
        return ops.reshape(x, (*shape[:-3], *self.size, 3))


@keras.saving.register_keras_serializable("darkhar")
class PerFrame(keras.layers.Layer):
    """Run a frame model over clips: (B, T, h, w, 3) -> (B, T, F); a frozen model always runs as in scoring.

    Frames reach the model as float32: it casts them where its own layers do.
    """

    def __init__(self, extractor: Any, **kwargs: Any):
        super().__init__(**(kwargs | {"autocast": False}))
        self.extractor = extractor

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return super().get_config() | {"extractor": keras.saving.serialize_keras_object(self.extractor)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "PerFrame":
        """Rebuild the layer and the model in it."""
        return cls(keras.saving.deserialize_keras_object(config.pop("extractor")), **config)

    def build(self, input_shape: Any) -> None:
        """Build nothing: the frame model is built."""
        self.built = True

    def call(self, frames: Any, training: bool = False) -> Any:
        """Return the features of every frame."""
        shape = ops.shape(frames)
        learns = bool(self.extractor.trainable_weights)
        features = self.extractor(ops.reshape(frames, (-1, *shape[2:])), training=training and learns)
        return ops.reshape(features, (-1, shape[1], self.extractor.output_shape[-1]))

    def compute_output_spec(self, frames: Any, training: bool = False) -> Any:
        """Return (B, T, F) in the compute precision."""
        return keras.KerasTensor((*frames.shape[:2], self.extractor.output_shape[-1]), self.compute_dtype)
