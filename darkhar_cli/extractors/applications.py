"""Extractors from `keras.applications`: ImageNet networks, without their top, average pooled."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.contract import Extractor, frame_size, weights_hash
from darkhar_cli.registry import register
from darkhar_cli.weights import fetching, lookup, numbers


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
        fits = lookup.which_fits(name, numbers.held_by(path))
        other = f"; it fits {fits}" if fits else ""
        raise BadRequest(f"extractor.weights={path} does not fit extractor {name!r}{other}: {reason}") from problem


def _extractor(
    name: str,
    build: Callable[[Any], Any],
    weights: str,
    size: Any,
    trainable: bool,
    unfreeze: int | str,
    **chosen: Any,
) -> Extractor:
    if unfreeze != "all" and not trainable:
        raise BadRequest(
            f"extractor.unfreeze={unfreeze} does nothing where nothing learns; give extractor.trainable=true"
        )
    if weights == "none":
        network = build(None)
    else:
        network = load_weights(name, build, _published(name, chosen) if weights == "imagenet" else Path(weights))
    network.trainable = trainable
    if unfreeze != "all":
        freeze_all_but_last(network, int(unfreeze))
    digest = "" if trainable else weights_hash(network)
    return Extractor(name, network.output_shape[-1], frame_size(size), model=network, weights_hash=digest)


def _layers_of(network: Any) -> list[Any]:
    """Return a network's layers in order, those of networks inside it in their place."""
    return [each for layer in network.layers for each in (_layers_of(layer) if hasattr(layer, "layers") else [layer])]


def freeze_all_but_last(network: Any, count: int) -> None:
    """Let only the last layers that have weights learn; batch normalisation, which few clips spoil, stays as it is.

    Raises:
        BadRequest: there are not so many.
    """
    layers = _layers_of(network)
    able = [layer for layer in layers if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)]
    if count > len(able):
        raise BadRequest(f"extractor.unfreeze={count}: this network has {len(able)} layers that can learn, or give all")
    learning = {id(layer) for layer in able[-count:]}
    for layer in layers:
        layer.trainable = id(layer) in learning


def _published(name: str, chosen: Mapping[str, Any]) -> Path:
    """Return the file of ImageNet weights, downloading it on first use.

    Raises:
        FailedWork: it cannot be downloaded; names the file, its address and what helps.
    """
    weights = lookup.of_extractor({"name": name, "weights": "imagenet", **chosen})
    assert weights is not None, "every network stands in the catalogue"
    return fetching.ensure(weights)


def _headless(application: Callable[..., Any], size: Any, **options: Any) -> Callable[[Any], Any]:
    shape = (*(frame_size(size) or (None, None)), 3)
    return lambda weights: application(include_top=False, weights=weights, pooling="avg", input_shape=shape, **options)


@register("extractor")
def convnext_small(
    weights: str = "imagenet", size: Any = 224, trainable: bool = False, unfreeze: int | str = "all"
) -> Extractor:
    """ConvNeXt-Small (Liu et al. 2022), F = 768; scales 0..255 frames itself."""
    build = _headless(keras.applications.ConvNeXtSmall, size)
    return _extractor("convnext_small", build, weights, size, trainable, unfreeze)


@register("extractor")
def convnext_tiny(
    weights: str = "imagenet", size: Any = 224, trainable: bool = False, unfreeze: int | str = "all"
) -> Extractor:
    """ConvNeXt-Tiny (Liu et al. 2022), F = 768; scales 0..255 frames itself."""
    build = _headless(keras.applications.ConvNeXtTiny, size)
    return _extractor("convnext_tiny", build, weights, size, trainable, unfreeze)


@register("extractor")
def mobilenet(
    alpha: float = 1.0, weights: str = "imagenet", size: Any = 224, trainable: bool = False, unfreeze: int | str = "all"
) -> Extractor:
    """MobileNet v1 (Howard et al. 2017) of width `alpha`, F = 1024 alpha; frames are scaled to -1..1."""
    bare = _headless(keras.applications.MobileNet, size, alpha=float(alpha))

    def build(path: Any) -> Any:
        network = bare(path)
        frames = keras.Input(network.input_shape[1:])
        return keras.Model(frames, network(keras.layers.Rescaling(1 / 127.5, offset=-1)(frames)))

    return _extractor("mobilenet", build, weights, size, trainable, unfreeze, alpha=float(alpha))


@register("extractor")
def mobilenet_v3_small(
    weights: str = "imagenet", size: Any = 224, trainable: bool = False, unfreeze: int | str = "all"
) -> Extractor:
    """MobileNet v3 Small (Howard et al. 2019), F = 576; scales 0..255 frames itself."""
    build = _headless(keras.applications.MobileNetV3Small, size)
    return _extractor("mobilenet_v3_small", build, weights, size, trainable, unfreeze)


@register("extractor")
def efficientnet_v2_b0(
    weights: str = "imagenet", size: Any = 224, trainable: bool = False, unfreeze: int | str = "all"
) -> Extractor:
    """EfficientNet v2 B0 (Tan and Le 2021), F = 1280; scales 0..255 frames itself."""
    build = _headless(keras.applications.EfficientNetV2B0, size)
    return _extractor("efficientnet_v2_b0", build, weights, size, trainable, unfreeze)
