"""Small networks of the kinds that people bring: R(2+1)D on windows, a ResNet on frames; weights are random."""

import keras
from keras import layers


def _conv(x, filters, kernel, strides, name):
    x = layers.Conv3D(filters, kernel, strides=strides, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _factorised(x, filters, stride, name):
    """Convolve over space, then over time (Tran et al. 2018)."""
    middle = max(1, 3 * 3 * 3 * x.shape[-1] * filters // (3 * 3 * x.shape[-1] + 3 * filters))
    x = _conv(x, middle, (1, 3, 3), (1, stride, stride), f"{name}_space")
    return _conv(x, filters, (3, 1, 1), (stride, 1, 1), f"{name}_time")


def r2plus1d(frames=8, size=(32, 40), width=8, classes=5, seed=1):
    """Return a small R(2+1)D, (N, T, H, W, 3) -> (N, classes); `pooled` is the layer before its dense one."""
    keras.utils.set_random_seed(seed)
    given = keras.Input((frames, *size, 3), name="frames")
    x = _conv(_conv(given, 12, (1, 7, 7), (1, 2, 2), "stem_space"), width, (3, 1, 1), (1, 1, 1), "stem_time")
    for stage, filters in enumerate((width, 2 * width)):
        stride = 1 if stage == 0 else 2
        y = _factorised(x, filters, stride, f"block{stage}")
        if stride > 1:
            x = layers.Conv3D(filters, 1, strides=stride, use_bias=False, name=f"block{stage}_short")(x)
        x = layers.ReLU(name=f"block{stage}")(layers.Add(name=f"block{stage}_sum")([x, y]))
    x = layers.GlobalAveragePooling3D(name="pooled")(x)
    return keras.Model(given, layers.Dense(classes, name="logits")(x))


def small_resnet(size=(32, 40), width=8, classes=5, scaled=False, seed=2):
    """Return a small network on frames, (N, H, W, 3) -> (N, classes); `pooled` comes before its dense layer."""
    keras.utils.set_random_seed(seed)
    given = x = keras.Input((*size, 3), name="image")
    if scaled:
        x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    x = layers.ReLU(name="stem_relu")(layers.Conv2D(width, 3, strides=2, padding="same", name="stem")(x))
    y = layers.ReLU(name="inner")(layers.Conv2D(width, 3, padding="same", name="conv")(x))
    x = layers.Add(name="sum")([x, y])
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    return keras.Model(given, layers.Dense(classes, name="logits")(x))


def part_of(network, layer):
    """Return what a network gives at a layer, as a function of NumPy arrays."""
    part = keras.Model(network.inputs[0], network.get_layer(layer).output)
    return lambda array: keras.ops.convert_to_numpy(part(array, training=False))
