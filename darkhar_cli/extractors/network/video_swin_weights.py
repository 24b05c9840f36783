"""Weights of Video Swin Transformers by name: from Keras's `.weights.h5` into keras-cv's backbone.

The files of github.com/innat/VideoSwin (release v2.0) name layers by class and number, as Keras does, for instance
`layers/video_swin_basic_layer_1/blocks/video_swin_transformer_block/attn/layers/dense/vars/0`; others by their own.
Both, and files of whole classifiers, are read as one set of names: `stage1/block0/attn/qkv/0`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from darkhar_cli.errors import BadRequest

# Keras numbers layers of a class from the second on (`..., _1`); names of their own count from 1.
_NAMES = (
    (re.compile(r"(?:^|/)(?:video_?swin_)?patching_and_embedding(?=/)"), lambda found: "embedding"),
    (re.compile(r"(?:^|/)video_swin_basic_layer(?:_(\d+))?(?=/)"), lambda found: f"stage{int(found[1] or 0)}"),
    (re.compile(r"(?:^|/)videoswin_basic_layer_(\d+)(?=/)"), lambda found: f"stage{int(found[1]) - 1}"),
    (re.compile(r"(?:^|/)(?:(?:videoswin_)?top_norm|layer_normalization)(?=/)"), lambda found: "top_norm"),
)
_BLOCK = re.compile(r"/blocks/video_swin_transformer_block(?:_(\d+))?(?=/)")
# Layers of a model inside go by their class and number, in the order in which they are made.
_INSIDE = (
    (re.compile(r"/layers/video_swin_window_attention(?=/)"), "/attn"),
    (re.compile(r"/layers/video_swin_patch_merging(?=/)"), "/downsample"),
    (re.compile(r"/layers/mlp(?=/)"), "/mlp"),
    (re.compile(r"/attn/layers/dense(?=/)"), "/attn/qkv"),
    (re.compile(r"/attn/layers/dense_1(?=/)"), "/attn/proj"),
    (re.compile(r"/mlp/layers/dense(?=/)"), "/mlp/fc1"),
    (re.compile(r"/mlp/layers/dense_1(?=/)"), "/mlp/fc2"),
    (re.compile(r"(block\d+)/layers/layer_normalization(?=/)"), r"\1/norm1"),
    (re.compile(r"(block\d+)/layers/layer_normalization_1(?=/)"), r"\1/norm2"),
    (re.compile(r"^/layers/conv3d(?=/)"), "/proj"),
    (re.compile(r"^/layers/layer_normalization(?=/)"), "/norm"),
)
_SIDE = 7  # pixels of an attention window, both ways, in every published variant


def held_by(path: Path) -> dict[str, np.ndarray]:
    """Return a file's arrays by common name, without what is no backbone's.

    Raises:
        BadRequest: it is no such file.
    """
    found: dict[str, np.ndarray] = {}

    def keep(name: str, item: Any) -> None:
        common = _common(name) if isinstance(item, h5py.Dataset) else None
        if common:
            found[common] = np.asarray(item)

    try:
        with h5py.File(path) as file:
            file.visititems(keep)
    except OSError as problem:
        raise BadRequest(f"extractor.weights={path} is no .weights.h5 of Keras: {problem}") from problem
    if not found:
        raise BadRequest(f"extractor.weights={path} holds no Video Swin Transformer")
    return found


def _common(name: str) -> str | None:
    """Return an array's common name, or None for what is no weight of the backbone."""
    if "seed_generator" in name or "/vars/" not in f"/{name}":
        return None
    for pattern, replaced in _NAMES:
        match = pattern.search(name)
        if match:
            rest = _BLOCK.sub(lambda block: f"/block{int(block[1] or 0)}", name[match.end() :])
            for inside, attribute in _INSIDE:
                rest = inside.sub(attribute, rest)
            return f"{replaced(match)}{rest}".replace("/vars/", "/")
    return None


def places_in(backbone: Any) -> dict[str, Any]:
    """Return the variables of keras-cv's backbone by common name."""
    layers = {"embedding": backbone.get_layer("videoswin_patching_and_embedding")}
    found = {"top_norm": backbone.get_layer("videoswin_top_norm")}
    for part in ("proj", "norm"):
        found[f"embedding/{part}"] = getattr(layers["embedding"], part)
    for stage in range(backbone.num_layers):
        layer = backbone.get_layer(f"videoswin_basic_layer_{stage + 1}")
        for number, block in enumerate(layer.blocks):
            place = f"stage{stage}/block{number}"
            found |= {f"{place}/{part}": getattr(block, part) for part in ("norm1", "norm2")}
            found |= {f"{place}/attn/{part}": getattr(block.attn, part) for part in ("qkv", "proj")}
            found |= {f"{place}/mlp/{part}": getattr(block.mlp, part) for part in ("fc1", "fc2")}
        if layer.downsampling_layer is not None:
            found |= {f"stage{stage}/downsample/{part}": getattr(layer.downsample, part) for part in _MERGING}
    named = {f"{name}/{i}": weight for name, layer in found.items() for i, weight in enumerate(layer.weights)}
    return named | {f"{name}/0": block.attn.relative_position_bias_table for name, block in _attentions(backbone)}


_MERGING = ("norm", "reduction")


def _attentions(backbone: Any) -> list[tuple[str, Any]]:
    return [
        (f"stage{stage}/block{number}/attn", block)
        for stage in range(backbone.num_layers)
        for number, block in enumerate(backbone.get_layer(f"videoswin_basic_layer_{stage + 1}").blocks)
    ]


def depth_of_windows(held: Mapping[str, np.ndarray]) -> int:
    """Return how deep (in pairs of frames) a file's attention windows are: 8 of Kinetics, 16 of Something-Something."""
    rows = held["stage0/block0/attn/0"].shape[0] if "stage0/block0/attn/0" in held else 0
    return (rows // (2 * _SIDE - 1) ** 2 + 1) // 2


def shape_of(held: Mapping[str, np.ndarray]) -> tuple[int, tuple[int, ...]]:
    """Return a file's first width and how many blocks each of its stages has."""
    stages: dict[int, set[int]] = {}
    for name in held:
        match = re.match(r"stage(\d+)/block(\d+)/", name)
        if match:
            stages.setdefault(int(match[1]), set()).add(int(match[2]))
    width = held["embedding/proj/0"].shape[-1] if "embedding/proj/0" in held else 0
    return width, tuple(len(stages[stage]) for stage in sorted(stages))


def load(backbone: Any, held: Mapping[str, np.ndarray], path: Path) -> None:
    """Put a file's arrays into keras-cv's backbone, each one, and into each of its places.

    Where a backbone sees fewer frames or pixels than its attention windows hold, these are smaller, and what a file
    knows of further distances is left away.

    Raises:
        BadRequest: an array lacks, is left over, or does not fit.
    """
    places = places_in(backbone)
    lacking, extra = sorted(places.keys() - held.keys()), sorted(held.keys() - places.keys())
    if lacking or extra:
        parts = [f"lacks {len(lacking)} arrays ({', '.join(lacking[:3])})"] * bool(lacking)
        parts += [f"has {len(extra)} more ({', '.join(extra[:3])})"] * bool(extra)
        raise BadRequest(f"extractor.weights={path} {' and '.join(parts)}")
    windows = {f"{name}/0": block.window_size for name, block in _attentions(backbone)}
    depth = depth_of_windows(held)
    for name, place in places.items():
        array = held[name]
        if name in windows and array.shape != tuple(place.shape):
            array = _nearer(array, depth, windows[name])
        if array.shape != tuple(place.shape):
            raise BadRequest(f"extractor.weights={path}: {name} is {array.shape}, not {tuple(place.shape)}")
        place.assign(array)


def _nearer(table: np.ndarray, depth: int, window: tuple[int, ...]) -> np.ndarray:
    """Return the rows of a table of biases by relative position that a smaller window has."""
    full = (depth, _SIDE, _SIDE)
    box = table.reshape(*(2 * size - 1 for size in full), -1)
    middle = tuple(slice(size - small, size + small - 1) for size, small in zip(full, window, strict=True))
    return box[middle].reshape(-1, table.shape[-1])
