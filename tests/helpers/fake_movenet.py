"""Files with MoveNet's signature, made here: where the light is, 17 times."""

from pathlib import Path

import tensorflow as tf


class FakeMoveNet(tf.Module):
    """(1, size, size, 3) -> (1, 1, 17, 3): y, x of the light's centre and how much there is."""

    def __init__(self, dtype: tf.DType, size: int = 64):
        super().__init__()
        self.size, frame = size, tf.TensorSpec((1, size, size, 3), dtype, name="input")
        self.signature = tf.function(self.run, input_signature=[frame])

    def run(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the one output."""
        light = tf.reduce_mean(tf.cast(image, tf.float32), axis=-1)[0] + 1e-3
        grid = tf.linspace(0.0, 1.0, self.size)
        total = tf.reduce_sum(light)
        y = tf.reduce_sum(light * grid[:, None]) / total
        x = tf.reduce_sum(light * grid[None, :]) / total
        return {"output_0": tf.tile(tf.reshape(tf.stack([y, x, total / (total + 1.0)]), (1, 1, 1, 3)), (1, 1, 17, 1))}


def write_tflite(path: Path, size: int = 64) -> Path:
    """Write a TFLite file with MoveNet's shapes (uint8 in, as the int8 file has it)."""
    module = FakeMoveNet(tf.uint8, size)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.signature.get_concrete_function()], module)
    path.write_bytes(converter.convert())
    return path


def write_saved_model(path: Path) -> Path:
    """Write a SavedModel with the signature that TF Hub's MoveNet has (int32 in)."""
    module = FakeMoveNet(tf.int32)
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.signature})
    return path
