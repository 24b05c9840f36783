"""What tf2onnx gets wrong, set right through names of its own that an upgrade may change."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def both_reshapes_kept() -> Iterator[None]:
    """Keep tf2onnx from dropping the first of two `Reshape`s where the second copies lengths from it.

    A 0 in a shape means: as long as this axis of the input. tf2onnx 1.17 gives the second the first's input without
    asking for that (`BackToBackOptimizer`), and the second then copies other axes' lengths: wrong numbers, no error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what tf2onnx and onnx say about themselves when they are imported
        from tf2onnx.optimizer import back_to_back_optimizer as optimizer

    merged = optimizer._func_map[("Reshape",)]

    def merge(graph: Any, first: Any, consumers: Sequence[Any]) -> Any:
        shapes = [node.inputs[1] for node in consumers]
        absolute = all(not shape.is_const() or 0 not in shape.get_tensor_value() for shape in shapes)
        return merged(graph, first, consumers) if absolute else []

    optimizer._func_map[("Reshape",)] = merge
    try:
        yield
    finally:
        optimizer._func_map[("Reshape",)] = merged
