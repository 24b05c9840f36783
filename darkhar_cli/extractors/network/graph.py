"""Places inside a network's graph, as OpenVINO has it: tensors by name, and what its last dense layer takes."""

from typing import Any

_DENSE = ("MatMul", "FullyConnected")


def named(network: Any) -> dict[str, Any]:
    """Return a network's tensors that depend on its input, by every name they go by."""
    still = _constants(network)
    found: dict[str, Any] = {}
    for operation in network.get_ordered_ops():
        if operation.get_friendly_name() in still or operation.get_type_name() in ("Parameter", "Result"):
            continue
        for port in operation.outputs():
            for name in (operation.get_friendly_name(), *port.get_names()):
                found.setdefault(name, port)
    for output in network.outputs:
        for name in (output.get_node().get_friendly_name(), *output.get_names()):
            found[name] = output.get_node().input_value(0)
    return found


def before_last_dense(network: Any) -> Any:
    """Return what the dense layer takes that leads, by operations of one input each, to a network's first output.

    A convolution of one pixel on one pixel is a dense layer too. Where there is none (the network ends in a pooling or
    in its body), the output itself is returned.
    """
    still = _constants(network)
    last = here = network.output(0).get_node().input_value(0)
    while True:
        node = here.get_node()
        fed = [value for value in node.input_values() if value.get_node().get_friendly_name() not in still]
        if len(fed) != 1:
            return last
        if node.get_type_name() in _DENSE and len(node.inputs()) > 1:
            return fed[0]
        if node.get_type_name() == "Convolution":
            return fed[0] if _of_one_pixel(node) else last
        here = fed[0]


def _constants(network: Any) -> set[str]:
    """Return the names of operations whose results do not depend on what the input holds."""
    still: set[str] = set()
    for node in network.get_ordered_ops():  # what feeds an operation comes before it
        kind, values = node.get_type_name(), node.input_values()
        fixed = bool(values) and all(value.get_node().get_friendly_name() in still for value in values)
        if kind in ("Constant", "ShapeOf") or fixed:
            still.add(node.get_friendly_name())
    return still


def _of_one_pixel(node: Any) -> bool:
    """Return whether a convolution sees, of each frame, one pixel that is all there is."""
    given, kernel = (node.input_value(place).get_partial_shape() for place in (0, 1))
    pixels = [given[place] for place in range(given.rank.get_length())][-2:]
    sides = [kernel[place] for place in range(kernel.rank.get_length())][2:]
    return all(size.is_static and size.get_length() == 1 for size in [*pixels, *sides])
