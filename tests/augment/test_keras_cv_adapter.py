"""The private names of keras-cv that `augment/keras_cv_adapter.py` uses; each failure says what an upgrade broke."""

import keras_cv
import tensorflow as tf

GONE = "; augmentations would draw from TensorFlow's global state: mend darkhar_cli/augment/keras_cv_adapter.py"


def test_layers_still_list_the_layers_inside_them():
    layer = keras_cv.layers.RandAugment(value_range=(0, 255), augmentations_per_image=1, seed=1)
    assert hasattr(layer, "_flatten_layers"), f"Keras no longer has Layer._flatten_layers{GONE}"
    assert len(list(layer._flatten_layers())) > 5, f"Layer._flatten_layers no longer finds RandAugment's layers{GONE}"


def test_layers_still_draw_from_the_generator_they_hold():
    layer, asked = keras_cv.layers.RandomGaussianBlur(kernel_size=3, factor=(0.1, 1.0), seed=1), []
    assert hasattr(layer, "_random_generator"), f"keras-cv layers no longer hold _random_generator{GONE}"
    flip = keras_cv.layers.RandomFlip(seed=1)

    class Watched:
        def uniform(self, shape, minval=0, maxval=1, dtype=tf.float32):
            asked.append(shape)
            return tf.zeros(shape, dtype) + tf.cast(minval, dtype)

    flip._random_generator = Watched()
    flip(tf.zeros((8, 8, 3)), training=True)
    assert asked, f"keras-cv layers no longer take their numbers from _random_generator{GONE}"


def test_factor_samplers_still_have_their_names():
    for name in ("UniformFactorSampler", "NormalFactorSampler"):
        assert hasattr(keras_cv.core, name), f"keras_cv.core.{name} is gone{GONE}"
