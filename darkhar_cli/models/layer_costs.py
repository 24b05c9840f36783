"""What a Keras model is made of: its layers as a tree, with output shapes, parameters and floating-point operations.

Operations are those of layers with matrices or kernels, a multiplication and an addition as two: twice a kernel's size
for each position that it is applied at (Hoffmann et al., arXiv 2203.15556, appendix F, count likewise); attention adds
the products of queries and keys, and of weights and values. Biases, activations, normalisations and pooling are not
counted: a few in a hundred of a convolutional network's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

Shape = tuple[int | None, ...]  # without the first axis, which is B or N

_RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
_AXES = {2: ("T",), 3: ("T", "F"), 4: ("h", "w", "C")}  # of inputs, by rank, behind the first axis


@dataclass(frozen=True)
class LayerCost:
    """A layer and what it costs for one input of its model: one frame, or one clip.

    Attributes:
        name: the layer's.
        kind: its class.
        shape: of its output; None where it is not known.
        parameters: of all its weights.
        trainable: of those that are trained.
        operations: floating-point ones; None where they are not known; of a nested model its layers' sum.
        layers: of a nested model.
    """

    name: str
    kind: str
    shape: Shape | None
    parameters: int
    trainable: int
    operations: int | None
    layers: tuple["LayerCost", ...] = ()

    @property
    def values(self) -> int:
        """Return how many numbers all its layers give, each once; what is not known counts as none."""
        if self.layers:
            return sum(layer.values for layer in self.layers)
        return math.prod(self.shape) if self.shape and None not in self.shape else 0  # type: ignore[arg-type]

    @property
    def largest(self) -> int:
        """Return how many numbers the layer that gives most gives."""
        return max((layer.largest for layer in self.layers), default=self.values)


def cost_of(model: Any, sizes: Mapping[str, int]) -> LayerCost:
    """Return a model's tree; nothing is computed, layers are run on shapes.

    Args:
        model: Keras; what is not made of layers in a graph is one node, whose operations are not known.
        sizes: of the axes that the model leaves open: `T` of features (B, T, F) and masks (B, T), `h` and `w` of
            frames (N, h, w, C).
    """
    parameters, trainable = _weights(model)
    if not (getattr(model, "inputs", None) and getattr(model, "outputs", None)):
        operations = 0 if not parameters else None
        return LayerCost(model.name, type(model).__name__, None, parameters, trainable, operations)
    layers, shape = _layers(model, sizes)
    known = [layer.operations for layer in layers]
    operations = None if None in known else sum(one for one in known if one)
    return LayerCost(model.name, type(model).__name__, shape, parameters, trainable, operations, tuple(layers))


def _layers(model: Any, sizes: Mapping[str, int]) -> tuple[list[LayerCost], Shape]:
    """Return the layers of a model in its order, and the shape of its (first) output."""
    inside = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    ends = {id(layer): _ends(layer) for layer in inside if not isinstance(layer, keras.Model)}
    tensors = [tensor for pair in ends.values() for tensor in pair]
    fixed = [
        keras.KerasTensor((1, *_closed(tensor.shape, sizes)), dtype=tensor.dtype) for tensor in _list(model.inputs)
    ]
    outputs = keras.Function(model.inputs, [*tensors, _list(model.outputs)[0]]).compute_output_spec(fixed)
    shapes = iter([tuple(one.shape[1:]) for one in outputs])
    found = []
    for layer in inside:
        if isinstance(layer, keras.Model):
            found.append(cost_of(layer, sizes))
            continue
        given = [next(shapes) for _ in ends[id(layer)]]
        operations = operations_of(layer, given[:-1], given[-1]) if given else None
        shape = given[-1] if given else None
        found.append(LayerCost(layer.name, type(layer).__name__, shape, *_weights(layer), operations))
    return found, next(shapes)


def _ends(layer: Any) -> list[Any]:
    """Return what goes into a layer in its model, and the first of what comes out; nothing where it is not known."""
    try:
        return [*_list(layer.input), _list(layer.output)[0]]
    except (AttributeError, ValueError):
        return []


def _list(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, keras.KerasTensor) else keras.tree.flatten(tensors)


def _closed(shape: Sequence[int | None], sizes: Mapping[str, int]) -> Shape:
    """Return a shape without its first axis, open axes filled where their size is known."""
    rest = tuple(shape)[1:]
    names = _AXES.get(len(shape), ("",) * len(rest))
    return tuple(sizes.get(name) if size is None else size for name, size in zip(names, rest, strict=True))


def _weights(layer: Any) -> tuple[int, int]:
    """Return how many parameters a layer has, and how many of them are trained; states of random draws are none."""
    counts = [
        sum(math.prod(weight.shape) for weight in some if "seed_generator" not in weight.path)
        for some in (layer.weights, layer.trainable_weights)
    ]
    return counts[0], counts[1]


def operations_of(layer: Any, inputs: Sequence[Shape], output: Shape) -> int | None:
    """Return a layer's floating-point operations for one input, from the shapes of what it takes and gives.

    Returns:
        None where shapes are not known, and it has weights that are matrices.
    """
    kernels = sum(math.prod(weight.shape) for weight in layer.weights if _is_kernel(layer, weight))
    if not kernels:
        return 0
    if any(size is None for shape in (*inputs[:1], output) for size in shape):
        return None
    if isinstance(layer, keras.layers.MultiHeadAttention):
        return _attention(layer, inputs)
    return 2 * kernels * _positions(layer, inputs[0], output)


def _is_kernel(layer: Any, weight: Any) -> bool:
    """Whether a weight is multiplied with what a layer is given; of a layer that Keras has not, every matrix is."""
    if "kernel" in weight.name:
        return True
    return len(weight.shape) == 2 and not type(layer).__module__.startswith("keras.")


def _positions(layer: Any, given: Shape, output: Shape) -> int:
    """Return how often a layer's kernels are applied: in each place of the output, over all steps of a recurrent one,
    and where the output is larger, or has no steps any more, in each place of the input."""
    if isinstance(layer, _RECURRENT):
        steps = given[0] or 1
        return steps * math.prod(size or 1 for size in given[1:-1])
    kind = type(layer).__name__
    if "Transpose" in kind or not type(layer).__module__.startswith("keras."):
        return math.prod(size or 1 for size in given[:-1])
    places = output[1:] if _channels_first(layer) else output[:-1]
    return math.prod(size or 1 for size in places)


def _channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", "") == "channels_first"


def _attention(layer: Any, inputs: Sequence[Shape]) -> int:
    """Return the operations of multi-head attention: four projections, and two products over all pairs of steps."""
    queries = math.prod(size or 1 for size in inputs[0][:-1])
    keys = math.prod(size or 1 for size in inputs[min(1, len(inputs) - 1)][:-1])
    of_queries = of_keys = 0
    for weight in layer.weights:
        if "kernel" in weight.name:
            inner = any(f"/{name}/" in f"/{weight.path}" for name in ("key", "value"))
            of_keys += math.prod(weight.shape) if inner else 0
            of_queries += 0 if inner else math.prod(weight.shape)
    pairs = 2 * queries * keys * layer.num_heads * (layer.key_dim + layer.value_dim)
    return 2 * (queries * of_queries + keys * of_keys) + pairs
