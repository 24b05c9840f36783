"""A TensorFlow.js graph model -> a TFLite file in float32, as a process of its own: it needs TensorFlow.

`python -m darkhar_cli.weights.tfjs MODEL.json FILE.tflite` reads MODEL.json and, beside it, the one file of constants
that its manifest names. Formats: TensorFlow.js's `graph-model`, whose nodes are a GraphDef in protobuf's JSON without
the constants' values; those stand one behind the other in the other file, numbers of two bytes for four where the
manifest says so.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# What keypoint networks are made of; a graph with anything else (files, states, calls) is not converted.
OPERATIONS = {
    *("Add", "AddV2", "ArgMax", "BiasAdd", "Cast", "ConcatV2", "Const", "Conv2D", "DepthwiseConv2dNative"),
    *("ExpandDims", "FloorDiv", "GatherNd", "Identity", "Maximum", "Minimum", "Mul", "Pack", "Placeholder"),
    *("RealDiv", "Relu", "Relu6", "Reshape", "ResizeBilinear", "Sigmoid", "Sqrt", "SquaredDifference"),
    *("Squeeze", "Sub", "Unpack"),
}
_FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
_OF_CONVOLUTIONS = ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings")
_TYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_, "uint8": np.uint8}
_STORED = {"float16": np.float16}


def constants_of(manifest: Sequence[Mapping[str, Any]], data: bytes) -> dict[str, np.ndarray]:
    """Return the constants of a graph by name.

    Args:
        manifest: of TensorFlow.js, `weights` of its one group: names, shapes and types, in the order of the bytes.
        data: the bytes.

    Raises:
        ValueError: a type that is not known, or more or fewer bytes than the manifest names.
    """
    constants: dict[str, np.ndarray] = {}
    at = 0
    for entry in manifest:
        kind = entry.get("quantization", {}).get("dtype", entry["dtype"])
        if entry["dtype"] not in _TYPES or kind not in {entry["dtype"], *_STORED}:
            raise ValueError(f"constant {entry['name']} is stored as {kind}, which is not known")
        stored = np.dtype((_TYPES | _STORED)[kind]).newbyteorder("<")
        count = math.prod(entry["shape"])
        if count < 0 or at + count * stored.itemsize > len(data):
            raise ValueError(f"constant {entry['name']} ends behind the {len(data)} bytes that there are")
        values = np.frombuffer(data, stored, count, at).reshape(entry["shape"])
        constants[entry["name"]] = values.astype(_TYPES[entry["dtype"]])
        at += count * stored.itemsize
    if at != len(data):
        raise ValueError(f"the manifest names {at} bytes of constants, there are {len(data)}")
    return constants


def graph_of(topology: Mapping[str, Any], constants: Mapping[str, np.ndarray]) -> Any:
    """Return a GraphDef: constants with their values, each fused convolution as convolution, bias and activation.

    Args:
        topology: `modelTopology` of a graph model.
        constants: values by node.

    Raises:
        ValueError: an operation that is not known, or a constant without a value.
    """
    for node in topology["node"]:
        if node["op"] not in {*OPERATIONS, *_FUSED}:
            raise ValueError(f"operation {node['op']} of node {node['name']} is not known")
        if node["op"] == "Const" and node["name"] not in constants:
            raise ValueError(f"constant {node['name']} has no value")
    import tensorflow as tf
    from google.protobuf import json_format

    given = json_format.ParseDict({"node": topology["node"]}, tf.compat.v1.GraphDef())
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = 1  # as in TensorFlow.js, whose files leave it out
    for node in given.node:
        if node.op in _FUSED:
            _split(graph, node)
            continue
        made = graph.node.add()
        made.CopyFrom(node)
        if node.op == "Const":
            made.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(constants[node.name]))
    return graph


def _split(graph: Any, node: Any) -> None:
    """Add a fused convolution's parts; the last of them has its name."""
    steps = [step.decode() for step in node.attr["fused_ops"].list.s]
    if steps[:1] != ["BiasAdd"] or len(steps) > 2 or not OPERATIONS.issuperset(steps) or len(node.input) != 3:
        raise ValueError(f"node {node.name} fuses {' and '.join(steps) or 'nothing'}, which is not known")
    kind, (frames, kernel, bias) = _FUSED[node.op], node.input
    names = [f"{node.name}/{step}" for step in ("convolution", *steps)]
    names[-1] = node.name
    inputs = [[frames, kernel], [names[0], bias], [names[1]]]
    for name, step, from_ in zip(names, (kind, *steps), inputs, strict=False):
        made = graph.node.add(name=name, op=step, input=from_)
        keys = _OF_CONVOLUTIONS if step == kind else ("T", "data_format") if step == "BiasAdd" else ("T",)
        for key in keys:
            if key in node.attr:
                made.attr[key].CopyFrom(node.attr[key])


def convert(model: Path, target: Path) -> None:
    """Write a graph model as a TFLite file in float32, run once with a black frame.

    Raises:
        ValueError: it is none, or holds what is not known.
    """
    described = json.loads(model.read_text(encoding="utf-8"))
    if described.get("format") != "graph-model" or len(described["weightsManifest"]) != 1:
        raise ValueError("no graph model of TensorFlow.js with one group of constants")
    (group,) = described["weightsManifest"]
    (name,) = group["paths"]
    constants = constants_of(group["weights"], (model.parent / Path(name).name).read_bytes())
    graph = graph_of(described["modelTopology"], constants)
    import tensorflow as tf

    (given,), (answer,) = (list(described["signature"][side].values()) for side in ("inputs", "outputs"))

    def run() -> None:
        tf.import_graph_def(graph, name="")

    whole = tf.compat.v1.wrap_function(run, [])
    pruned = whole.prune(whole.graph.as_graph_element(given["name"]), whole.graph.as_graph_element(answer["name"]))
    written = tf.lite.TFLiteConverter.from_concrete_functions([pruned]).convert()
    _run_once(written)
    target.write_bytes(written)


def _run_once(written: bytes) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=written, num_threads=1)
    interpreter.allocate_tensors()
    given, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.set_tensor(given["index"], np.zeros(given["shape"], given["dtype"]))
    interpreter.invoke()
    if not np.isfinite(interpreter.get_tensor(answer["index"])).all():
        raise ValueError("its answer to a black frame is not finite")


if __name__ == "__main__":
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except (ValueError, KeyError, TypeError, OSError) as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
