"""A streaming network as MoViNet's TFLite files are: a causal convolution with its buffer, a running mean, a count."""

from pathlib import Path

import numpy as np
import tensorflow as tf

SIZE, CHANNELS, CLASSES, SPAN = 16, 4, 6, 3


class Streaming(tf.Module):
    """One frame (1, 1, SIZE, SIZE, 3) 0..1 and states -> scores after it, and the states for the next one."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.mix = tf.constant(rng.normal(size=(3, CHANNELS)), tf.float32)
        self.causal = tf.constant(rng.normal(size=(SPAN, CHANNELS)), tf.float32)
        self.head = tf.constant(rng.normal(size=(CHANNELS, CLASSES)), tf.float32)

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, 1, SIZE, SIZE, 3), tf.float32, "image"),
            tf.TensorSpec((1, SPAN - 1, SIZE, SIZE, CHANNELS), tf.float32, "state_block0_layer0_stream_buffer"),
            tf.TensorSpec((1, 1, 1, 1, CHANNELS), tf.float32, "state_head_pool_buffer"),
            tf.TensorSpec((1,), tf.int32, "state_head_pool_frame_count"),
        ]
    )
    def run(self, image, state_block0_layer0_stream_buffer, state_head_pool_buffer, state_head_pool_frame_count):
        """Return scores and states."""
        seen = tf.concat([state_block0_layer0_stream_buffer, tf.tensordot(image, self.mix, 1)], axis=1)
        now = tf.nn.relu(tf.reduce_sum(seen * self.causal[None, :, None, None, :], axis=1, keepdims=True))
        total = state_head_pool_buffer + tf.reduce_mean(now, axis=(1, 2, 3), keepdims=True)
        count = state_head_pool_frame_count + 1
        mean = tf.reshape(total, (1, CHANNELS)) / tf.cast(count, tf.float32)
        return {
            "logits": mean @ self.head,
            "state_block0_layer0_stream_buffer": seen[:, 1:],
            "state_head_pool_buffer": total,
            "state_head_pool_frame_count": count,
        }

    def scores(self, frames):
        """Return what it gives after each of several frames (T, SIZE, SIZE, 3) 0..1, in NumPy: (T, CLASSES)."""
        mixed = frames.astype(np.float64) @ self.mix.numpy()
        padded = np.concatenate([np.zeros((SPAN - 1, *mixed.shape[1:])), mixed])
        now = [
            np.maximum((padded[t : t + SPAN] * self.causal.numpy()[:, None, None]).sum(0), 0)
            for t in range(len(frames))
        ]
        means = np.stack([one.mean(axis=(0, 1)) for one in now])
        return np.cumsum(means, axis=0) / np.arange(1, len(frames) + 1)[:, None] @ self.head.numpy()


def write_streaming(path) -> Path:
    """Write it as a TFLite file with a signature."""
    module = Streaming()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.run.get_concrete_function()], module)
    Path(path).write_bytes(converter.convert())
    return Path(path)
