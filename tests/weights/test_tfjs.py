"""A tiny TensorFlow.js graph becomes the TFLite file that computes what its formula says."""

import base64
import json

import numpy as np
import pytest

from darkhar_cli.weights import npm, tfjs

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(3, 3, 3, 4)).astype(np.float16)
BIAS = RNG.normal(size=4).astype(np.float16)
DEPTHS = RNG.normal(size=(3, 3, 4, 1)).astype(np.float16)
DEPTH_BIAS = RNG.normal(size=4).astype(np.float16)
AXES = np.array([1, 2], np.int32)


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def fused(op, name, inputs, *steps):
    """Return a convolution of stride 2 with what is fused to it, as TensorFlow.js writes it."""
    attributes = {
        "T": {"type": "DT_FLOAT"},
        "strides": {"list": {"i": ["1", "2", "2", "1"]}},
        "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
        "padding": {"s": text("SAME")},
        "data_format": {"s": text("NHWC")},
        "explicit_paddings": {"list": {}},
        "fused_ops": {"list": {"s": [text(step) for step in steps]}},
        "num_args": {"i": "1"},
        "epsilon": {"f": 0},
    }
    return {"name": name, "op": op, "input": inputs, "attr": attributes}


def constant(name, kind="DT_FLOAT"):
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": kind}, "value": {"tensor": {"dtype": kind}}}}


def entry(name, values, **stored):
    kind = "int32" if values.dtype == np.int32 else "float32"
    return {"name": name, "shape": list(values.shape), "dtype": kind, **stored}


HALF = {"quantization": {"dtype": "float16", "original_dtype": "float32"}}


def nodes():
    shape = {"shape": {"dim": [{"size": str(size)} for size in (1, 8, 8, 3)]}}
    return [
        *(constant(name) for name in ("kernel", "bias", "depths", "depth_bias")),
        constant("new_shape", "DT_INT32"),
        {"name": "input", "op": "Placeholder", "attr": {"dtype": {"type": "DT_INT32"}, "shape": shape}},
        {
            "name": "cast",
            "op": "Cast",
            "input": ["input"],
            "attr": {"SrcT": {"type": "DT_INT32"}, "DstT": {"type": "DT_FLOAT"}},
        },
        fused("_FusedConv2D", "first/Relu6", ["cast", "kernel", "bias"], "BiasAdd", "Relu6"),
        fused("FusedDepthwiseConv2dNative", "second", ["first/Relu6", "depths", "depth_bias"], "BiasAdd"),
        {
            "name": "Identity",
            "op": "Reshape",
            "input": ["second", "new_shape"],
            "attr": {"T": {"type": "DT_FLOAT"}, "Tshape": {"type": "DT_INT32"}},
        },
    ]


SHAPE = np.array([1, 16], np.int32)
WEIGHTS = [
    (entry("kernel", KERNEL, **HALF), KERNEL),
    (entry("bias", BIAS, **HALF), BIAS),
    (entry("new_shape", SHAPE), SHAPE),
    (entry("depths", DEPTHS, **HALF), DEPTHS),
    (entry("depth_bias", DEPTH_BIAS, **HALF), DEPTH_BIAS),
]
DATA = b"".join(values.tobytes() for _, values in WEIGHTS)


def described(**other):
    model = {
        "format": "graph-model",
        "signature": {
            "inputs": {"input:0": {"name": "input:0"}},
            "outputs": {"Identity:0": {"name": "Identity:0"}},
        },
        "modelTopology": {"node": nodes(), "library": {}, "versions": {}},
        "weightsManifest": [{"paths": ["net.bin"], "weights": [one for one, _ in WEIGHTS]}],
    }
    return model | other


def write(folder, **other):
    (folder / "net.bin").write_bytes(DATA)
    (folder / "net.json").write_text(json.dumps(described(**other)))
    return folder / "net.json"


def convolved(frames, kernel, stride=2):
    """Slide a kernel (3, 3, C) over frames (8 or 4 a side), padded as SAME does for an even side: behind alone."""
    padded = np.pad(frames, ((0, 1), (0, 1), (0, 0)))
    side = frames.shape[0] // stride
    windows = [
        [padded[stride * y : stride * y + 3, stride * x : stride * x + 3] for x in range(side)] for y in range(side)
    ]
    return np.array([[(window * kernel) for window in row] for row in windows])


def by_formula(frame):
    kernel, depths = KERNEL.astype(np.float64), DEPTHS[..., 0].astype(np.float64)
    frame = frame.astype(np.float64)
    first = np.stack([convolved(frame, kernel[..., k]).sum((2, 3, 4)) for k in range(4)], axis=-1)
    first = np.clip(first + BIAS.astype(np.float64), 0, 6)
    return (convolved(first, depths).sum((2, 3)) + DEPTH_BIAS.astype(np.float64)).reshape(1, 16)


def test_a_graph_is_what_its_formula_says(tmp_path):
    """In the process that users have it done in, as downloads do."""
    from ai_edge_litert.interpreter import Interpreter

    path = npm.convert(write(tmp_path), tmp_path / "net.tflite")
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    given, answer = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert given["shape"].tolist() == [1, 8, 8, 3]
    assert given["dtype"] == np.int32
    frame = RNG.integers(0, 3, (8, 8, 3)).astype(np.int32)
    interpreter.set_tensor(given["index"], frame[None])
    interpreter.invoke()
    np.testing.assert_allclose(interpreter.get_tensor(answer["index"]), by_formula(frame), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (
            {"name": "Identity", "op": "ReadFile", "input": ["second"]},
            "operation ReadFile of node Identity is not known",
        ),
        ({"name": "more", "op": "Const", "attr": {}}, "constant more has no value"),
    ],
)
def test_other_graphs_are_refused(tmp_path, node, said):
    model = write(tmp_path, modelTopology={"node": [*nodes()[:-1], node]})
    with pytest.raises(ValueError, match=said):
        tfjs.convert(model, tmp_path / "other.tflite")
    assert not (tmp_path / "other.tflite").exists()


@pytest.mark.parametrize("other", [{"format": "layers-model"}, {"weightsManifest": []}])
def test_other_models_are_refused(tmp_path, other):
    with pytest.raises(ValueError, match=r"no graph model of TensorFlow\.js with one group of constants"):
        tfjs.convert(write(tmp_path, **other), tmp_path / "other.tflite")


def test_constants_are_read_as_the_manifest_says():
    constants = tfjs.constants_of([one for one, _ in WEIGHTS], DATA)
    for one, values in WEIGHTS:
        read = constants[one["name"]]
        np.testing.assert_array_equal(read, values)
        assert read.dtype == (np.int32 if values.dtype == np.int32 else np.float32)
    scalar = tfjs.constants_of([{"name": "s", "shape": [], "dtype": "int32"}], b"\x07\x00\x00\x00")["s"]
    assert scalar.shape == ()
    assert scalar == 7


@pytest.mark.parametrize(
    ("entries", "data", "said"),
    [
        ([one for one, _ in WEIGHTS], DATA[:-1], "constant depth_bias ends behind the"),
        ([one for one, _ in WEIGHTS], DATA + b"x", "the manifest names .* bytes of constants, there are"),
        ([{"name": "a", "shape": [2**40, 2**40], "dtype": "float32"}], b"", "constant a"),
        ([{"name": "a", "shape": [-1], "dtype": "float32"}], b"", "constant a ends"),
        ([{"name": "a", "shape": [1], "dtype": "string"}], b"x", "constant a is stored as string, which is not known"),
        (
            [{"name": "a", "shape": [1], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 1.0}}],
            b"x",
            "constant a is stored as uint8, which is not known",
        ),
    ],
)
def test_other_constants_are_refused(entries, data, said):
    with pytest.raises(ValueError, match=said):
        tfjs.constants_of(entries, data)
