"""Extractors from `keras.applications`: ImageNet networks, without their top, average pooled."""

import socket
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.extractors.contract import Extractor, frame_size, weights_hash
from darkhar_cli.registry import register

_STORE = "https://storage.googleapis.com/tensorflow/keras-applications"
_MOBILENET_WIDTHS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_PATIENCE_S = 20.0  # a dead network must not hold a run for minutes


def fetch(url: str) -> Path:
    """Return the local copy of an ImageNet weights file, downloading it on first use.

    Raises:
        FailedWork: the download is impossible; names the file, its address and the override that points to it.
    """
    name = url.rsplit("/", 1)[1]
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE_S)
    try:
        return Path(keras.utils.get_file(name, url, cache_subdir="models"))
    except Exception as problem:  # keras raises bare Exception
        raise FailedWork(
            f"cannot download {name} ({str(problem).rsplit(' -- ', 1)[-1]}); get it from {url} on a machine with a "
            f"network and give extractor.weights=<path to {name}>, or use extractor.weights=none (random weights)"
        ) from problem
    finally:
        socket.setdefaulttimeout(before)


def load_weights(name: str, build: Callable[[Any], Any], path: Path) -> Any:
    """Build a network and load a weights file into it.

    Raises:
        BadRequest: no such file, or a file for another network.
    """
    if not path.is_file():
        raise BadRequest(f"extractor.weights={path}: no such file; allowed are imagenet, none, or a weights file")
    try:
        with warnings.catch_warnings():
            # Keras only warns where it finds no weights for a layer: that layer would stay random.
            warnings.filterwarnings("error", message="(?s).*freshly-initialized", category=UserWarning)
            warnings.filterwarnings("ignore", message=".*`input_shape` is undefined or non-square")
            return build(str(path))
    except (ValueError, OSError, KeyError, TypeError, UserWarning) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise BadRequest(f"extractor.weights={path} does not fit extractor {name!r}: {reason}") from problem


def _extractor(name: str, build: Callable[[Any], Any], url: str, weights: str, size: Any, trainable: bool) -> Extractor:
    if weights == "none":
        network = build(None)
    else:
        network = load_weights(name, build, fetch(url) if weights == "imagenet" else Path(weights))
    network.trainable = trainable
    digest = "" if trainable else weights_hash(network)
    return Extractor(name, network.output_shape[-1], frame_size(size), model=network, weights_hash=digest)


def _headless(application: Callable[..., Any], size: Any, **options: Any) -> Callable[[Any], Any]:
    shape = (*(frame_size(size) or (None, None)), 3)
    return lambda weights: application(include_top=False, weights=weights, pooling="avg", input_shape=shape, **options)


@register("extractor")
def convnext_small(weights: str = "imagenet", size: Any = 224, trainable: bool = False) -> Extractor:
    """ConvNeXt-Small (Liu et al. 2022), F = 768; scales 0..255 frames itself."""
    url = f"{_STORE}/convnext/convnext_small_notop.h5"
    build = _headless(keras.applications.ConvNeXtSmall, size)
    return _extractor("convnext_small", build, url, weights, size, trainable)


@register("extractor")
def convnext_tiny(weights: str = "imagenet", size: Any = 224, trainable: bool = False) -> Extractor:
    """ConvNeXt-Tiny (Liu et al. 2022), F = 768; scales 0..255 frames itself."""
    url = f"{_STORE}/convnext/convnext_tiny_notop.h5"
    build = _headless(keras.applications.ConvNeXtTiny, size)
    return _extractor("convnext_tiny", build, url, weights, size, trainable)


@register("extractor")
def mobilenet(alpha: float = 1.0, weights: str = "imagenet", size: Any = 224, trainable: bool = False) -> Extractor:
    """MobileNet v1 (Howard et al. 2017) of width `alpha`, F = 1024 alpha; frames are scaled to -1..1."""
    url = f"{_STORE}/mobilenet/mobilenet_{_MOBILENET_WIDTHS[float(alpha)]}_224_tf_no_top.h5"
    bare = _headless(keras.applications.MobileNet, size, alpha=float(alpha))

    def build(path: Any) -> Any:
        network = bare(path)
        frames = keras.Input(network.input_shape[1:])
        return keras.Model(frames, network(keras.layers.Rescaling(1 / 127.5, offset=-1)(frames)))

    return _extractor("mobilenet", build, url, weights, size, trainable)


@register("extractor")
def mobilenet_v3_small(weights: str = "imagenet", size: Any = 224, trainable: bool = False) -> Extractor:
    """MobileNet v3 Small (Howard et al. 2019), F = 576; scales 0..255 frames itself."""
    url = f"{_STORE}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    build = _headless(keras.applications.MobileNetV3Small, size)
    return _extractor("mobilenet_v3_small", build, url, weights, size, trainable)


@register("extractor")
def efficientnet_v2_b0(weights: str = "imagenet", size: Any = 224, trainable: bool = False) -> Extractor:
    """EfficientNet v2 B0 (Tan and Le 2021), F = 1280; scales 0..255 frames itself."""
    url = f"{_STORE}/efficientnet_v2/efficientnetv2-b0_notop.h5"
    build = _headless(keras.applications.EfficientNetV2B0, size)
    return _extractor("efficientnet_v2_b0", build, url, weights, size, trainable)
