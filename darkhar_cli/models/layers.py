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
from darkhar_cli.data.frame_difference import motion_in_graph
from darkhar_cli.enhance.contract import chain_scope
from darkhar_cli.models.resizing import resized
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.samplers.contract import nearest


class _Float32Layer(keras.layers.Layer):
    """A layer that neither casts its input nor follows the mixed precision policy."""

    def __init__(self, **kwargs: Any):
        super().__init__(**(kwargs | {"dtype": "float32", "autocast": False}))


def clip_frames(clip: Any) -> Any:
    """Return one clip of a ragged batch as a dense tensor (n, H, W, 3)."""
    return clip.to_tensor() if isinstance(clip, tf.RaggedTensor) else clip


@keras.saving.register_keras_serializable("darkhar")
class SampleFrames(_Float32Layer):
    """Pick frames of each clip: (B, n, H, W, 3), dense or ragged in n -> (B V, T, H, W, 3) and mask (B V, T) bool.

    Rows b V to b V + V - 1 are the V views of clip b; most samplers give one. Positions between two frames are taken
    to the nearest.

    Args:
        sampler: registered name.
        parameters: the sampler's parameters.
        seed: the run's seed; with `keys` (B,) uint32 a clip's draw equals the runner's in scoring.
    """

    def __init__(self, sampler: str, parameters: dict[str, Any], seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.sampler, self.parameters, self.seed = sampler, parameters, seed
        self._pick = registry.get("sampler", sampler)(**parameters)
        self.views = self._pick.views(training=False)

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {"name": self.name, "sampler": self.sampler, "parameters": self.parameters, "seed": self.seed}

    def about(self, clips: Any, keys: Any = None, fps: Any = None) -> tuple[Any, Any]:
        """Return keys (B,) uint32 and frames per second (B,) float32 as given, or what stands for them.

        One key serves all clips that are not known by their content; 0 frames per second are not known.
        """
        count = [clips.nrows() if isinstance(clips, tf.RaggedTensor) else tf.shape(clips)[0]]
        keys = tf.constant(key_of(self.seed, SCORING, ""), tf.uint32) if keys is None else tf.cast(keys, tf.uint32)
        fps = tf.cast(0.0 if fps is None else fps, tf.float32)
        return tf.broadcast_to(keys, count), tf.broadcast_to(fps, count)

    def longest(self, clips: Any, fps: Any = None) -> Any:
        """Return T of the batch: one for all clips, or the most that any of them has."""
        if isinstance(clips, tf.RaggedTensor):
            lengths = clips.row_lengths()
        else:
            lengths = tf.shape(clips)[1] if clips.shape[1] is None else clips.shape[1]
        count = self._pick.count(ops, lengths, fps)
        return count if isinstance(count, int) else tf.cast(tf.reduce_max(count), tf.int32)

    def pick(self, clip: Any, key: Any, fps: Any) -> tuple[Any, Any]:
        """Sample one clip (n, H, W, 3) -> (V, T, H, W, 3) and mask (V, T), T its own."""
        clip = clip_frames(clip)
        n = clip.shape[0] if clip.shape[0] is not None else tf.shape(clip)[0]
        if self._pick.short == "error":
            tf.debugging.assert_equal(self._pick.is_short(ops, n, fps), False, "a clip has fewer frames than needed")
        motion = motion_in_graph(clip) if self._pick.wants_motion else None
        positions, mask = self._pick(n, fps, training=False, key=key, motion=motion, xp=ops)
        return tf.gather(clip, nearest(ops, positions)), mask

    @staticmethod
    def pad(frames: Any, mask: Any, length: Any) -> tuple[Any, Any]:
        """Pad one clip's frames (V, T, ...) and mask (V, T) with zeros to (V, length, ...) and (V, length)."""
        missing = length - tf.shape(frames)[1]
        around = [[0, 0], [0, missing]]
        return tf.pad(frames, [*around, [0, 0], [0, 0], [0, 0]]), tf.pad(mask, around)

    def each(self, clips: Any, keys: Any, fps: Any, then: Any, size: Sequence[Any], dtype: Any) -> tuple[Any, Any]:
        """Sample clips one by one, apply `then` to the frames (V, T, H, W, 3), pad and fold the views.

        Args:
            clips, keys, fps: see `call`.
            then: keeps V and T.
            size: (height, width) that `then` gives, None where not known.
            dtype: what it gives.
        """
        length = self.longest(clips, fps)
        steps = length if isinstance(length, int) else None

        def one(inputs: Any) -> tuple[Any, Any]:
            frames, mask = self.pick(*inputs)
            return self.pad(then(frames), mask, length)

        spec = (
            tf.TensorSpec((self.views, steps, *size, 3), dtype),
            tf.TensorSpec((self.views, steps), tf.bool),
        )
        frames, mask = tf.map_fn(one, (clips, *self.about(clips, keys, fps)), fn_output_signature=spec)
        return self._fold(frames), self._fold(mask)

    def _fold(self, x: Any) -> Any:
        if self.views == 1:
            return tf.squeeze(x, axis=1)
        return ops.reshape(x, (-1, *ops.shape(x)[2:]))

    def call(self, clips: Any, keys: Any = None, fps: Any = None) -> tuple[Any, Any]:
        """Return the sampled frames and the mask; clips of a ragged batch must share height and width."""
        return self.each(clips, keys, fps, lambda frames: frames, (None, None), clips.dtype)


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
    """Resize frames (..., H, W, 3) float32 to `size` (height, width), as `resizing` says; None keeps them."""

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
        x = resized(ops.reshape(frames, (-1, *shape[-3:])), self.size)
        return ops.reshape(x, (*shape[:-3], *self.size, 3))

    def compute_output_spec(self, frames: Any) -> Any:
        """Return the new size."""
        return keras.KerasTensor((*frames.shape[:-3], *(self.size or frames.shape[-3:-1]), 3), "float32")


@keras.saving.register_keras_serializable("darkhar")
class PerFrame(keras.layers.Layer):
    """Run a frame model over clips: (B, T, h, w, 3) -> (B, T, F); a frozen model always runs as in scoring.

    Frames reach the model as float32: it casts them where its own layers do. A model of six channels sees each frame
    with the one before it, the first with itself.
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
        if self.extractor.input_shape[-1] == 2 * frames.shape[-1]:
            frames = ops.concatenate([frames, ops.concatenate([frames[:, :1], frames[:, :-1]], axis=1)], axis=-1)
        shape = ops.shape(frames)
        learns = bool(self.extractor.trainable_weights)
        features = self.extractor(ops.reshape(frames, (-1, *shape[2:])), training=training and learns)
        return ops.reshape(features, (-1, shape[1], self.extractor.output_shape[-1]))

    def compute_output_spec(self, frames: Any, training: bool = False) -> Any:
        """Return (B, T, F) in the compute precision."""
        return keras.KerasTensor((*frames.shape[:2], self.extractor.output_shape[-1]), self.compute_dtype)
