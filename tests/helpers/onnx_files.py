"""ONNX files of Keras networks, written here to the format's published schema (onnx.proto), without its library."""

import struct
from pathlib import Path

import numpy as np

_FLOAT, _INT64 = 1, 7


def _varint(value):
    value &= (1 << 64) - 1
    parts = []
    while True:
        parts.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(parts)


def field(number, value):
    """Return one field of a protobuf message: a whole number, a float, text, bytes, or several of them."""
    if isinstance(value, list):
        return b"".join(field(number, one) for one in value)
    if isinstance(value, (int, np.integer)):
        return _varint(number << 3) + _varint(int(value))
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _attribute(name, value):
    places = {float: (2, 1), int: (3, 2), str: (4, 3), list: (8, 7)}
    place, kind = places[type(value)]
    return field(1, name) + field(place, value) + field(20, kind)


def node(kind, inputs, outputs, **attributes):
    """Return a NodeProto."""
    made = [_attribute(name, value) for name, value in attributes.items()]
    return field(1, list(inputs)) + field(2, list(outputs)) + field(3, outputs[0]) + field(4, kind) + field(5, made)


def tensor(name, array, beside=None):
    """Return a TensorProto, its numbers in it or, with `beside` (an open file), in that."""
    array = np.ascontiguousarray(array)
    head = field(1, list(array.shape)) + field(2, _FLOAT if array.dtype == np.float32 else _INT64) + field(8, name)
    if beside is None:
        return head + field(9, array.tobytes())
    entries = {"location": Path(beside.name).name, "offset": str(beside.tell()), "length": str(array.nbytes)}
    beside.write(array.tobytes())
    return head + field(13, [field(1, key) + field(2, value) for key, value in entries.items()]) + field(14, 1)


def value(name, shape):
    """Return a ValueInfoProto of float32; a size that is a word may be any."""
    sizes = [field(2, size) if isinstance(size, str) else field(1, size) for size in shape]
    return field(1, name) + field(2, field(1, field(1, _FLOAT) + field(2, field(1, sizes))))


def model(nodes, constants, inputs, outputs):
    """Return a ModelProto's bytes."""
    graph = field(1, nodes) + field(2, "network") + field(5, constants) + field(11, inputs) + field(12, outputs)
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


class _Writer:
    """Keras's layers as ONNX's operations, colours first."""

    def __init__(self, beside):
        self.nodes, self.constants, self.beside = [], [], beside

    def constant(self, name, array):
        self.constants.append(tensor(name, array, self.beside))
        return name

    def write(self, layer, given, name):
        """Add a layer's operations, which give the tensor of this name."""
        import keras

        weights = [np.asarray(weight) for weight in layer.get_weights()]
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv3D)):
            dims = layer.kernel.ndim - 2
            turned = np.transpose(weights[0], (dims + 1, dims, *range(dims)))
            inputs = [*given, self.constant(f"{name}_kernel", turned)]
            inputs += [self.constant(f"{name}_bias", weights[1])] if layer.use_bias else []
            pad = "SAME_UPPER" if layer.padding == "same" else "VALID"
            self.nodes.append(node("Conv", inputs, [name], strides=list(layer.strides), auto_pad=pad))
        elif isinstance(layer, keras.layers.BatchNormalization):
            inputs = [*given, *(self.constant(f"{name}_{i}", weight) for i, weight in enumerate(weights))]
            self.nodes.append(node("BatchNormalization", inputs, [name], epsilon=float(layer.epsilon)))
        elif isinstance(layer, (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalAveragePooling3D)):
            self.nodes.append(node("GlobalAveragePool", given, [f"{name}_kept"]))
            self.nodes.append(node("Flatten", [f"{name}_kept"], [name], axis=1))
        elif isinstance(layer, keras.layers.Dense):
            inputs = [*given, self.constant(f"{name}_kernel", weights[0]), self.constant(f"{name}_bias", weights[1])]
            self.nodes.append(node("Gemm", inputs, [name]))
        else:
            kinds = {keras.layers.ReLU: "Relu", keras.layers.Add: "Add", keras.layers.Softmax: "Softmax"}
            self.nodes.append(node(kinds[type(layer)], given, [name]))


def write_onnx(network, path, batch=1, beside=False, extra_outputs=()):
    """Write a functional Keras network as ONNX, its input (batch, 3, [T,] H, W), tensors named as its layers.

    Args:
        network: of the layers that `_Writer` knows, one input and one output.
        path: of the file.
        batch: frames or windows at once; a word: any number.
        beside: whether weights are kept in `<file>_data`.
        extra_outputs: names of layers whose tensors are outputs too.
    """
    with open(f"{path}_data", "wb") if beside else open("/dev/null", "wb") as data:
        writer = _Writer(data if beside else None)
        names = {id(network.inputs[0]): "frames"}
        for layer in network.layers[1:]:
            given = layer.input if isinstance(layer.input, list) else [layer.input]
            writer.write(layer, [names[id(one)] for one in given], layer.name)
            names[id(layer.output)] = layer.name
    *sides, colours = (size or f"any{i}" for i, size in enumerate(network.inputs[0].shape[1:]))
    last = names[id(network.outputs[0])]
    outputs = [value(last, (batch, network.outputs[0].shape[-1])), *(value(name, ()) for name in extra_outputs)]
    Path(path).write_bytes(model(writer.nodes, writer.constants, [value("frames", (batch, colours, *sides))], outputs))
    return Path(path)
