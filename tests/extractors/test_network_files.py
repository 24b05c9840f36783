"""Networks that OpenVINO reads: places inside them, what a file says, what is no network; without TensorFlow."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.extractors.network.colours import Colours
from darkhar_cli.extractors.network.opening import open_network
from darkhar_cli.extractors.network.openvino_file import import_openvino
from darkhar_cli.extractors.network.running import FramesNetwork
from darkhar_cli.weights.companions import content_hash, files_of
from tests.helpers.onnx_files import model, node, tensor, value

RNG = np.random.default_rng(0)
KERNEL, DENSE, BIAS = (RNG.normal(size=shape).astype(np.float32) for shape in ((4, 3, 1, 1), (4, 5), (5,)))
FRAMES = RNG.normal(size=(2, 3, 6, 7)).astype(np.float32)
INNER = np.maximum(np.einsum("nchw,oc->nohw", FRAMES, KERNEL[:, :, 0, 0]), 0)
POOLED = INNER.mean(axis=(2, 3))
LOGITS = POOLED @ DENSE + BIAS
SCORES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


def write(path, dense=True, batch="N", beside=None):
    """Write convolution, pooling and, with `dense`, a dense layer and softmax."""
    nodes = [
        node("Conv", ["frames", "kernel"], ["conv"]),
        node("Relu", ["conv"], ["inner"]),
        node("GlobalAveragePool", ["inner"], ["kept"]),
        node("Flatten", ["kept"], ["pooled"], axis=1),
    ]
    constants = [tensor("kernel", KERNEL, beside)]
    if dense:
        nodes += [node("Gemm", ["pooled", "dense", "bias"], ["logits"]), node("Softmax", ["logits"], ["scores"])]
        constants += [tensor("dense", DENSE, beside), tensor("bias", BIAS, beside)]
    last = ("scores", 5) if dense else ("pooled", 4)
    path.write_bytes(model(nodes, constants, [value("frames", (batch, 3, 6, 7))], [value(last[0], (batch, last[1]))]))
    return path


@pytest.mark.parametrize(
    ("output", "expected"),
    [(None, SCORES), ("last_pooled", POOLED), ("inner", INNER), ("logits", LOGITS), ("scores", SCORES)],
)
def test_features_are_taken_where_they_are_asked_for(output, expected, tmp_path):
    network = open_network(write(tmp_path / "net.onnx"))
    run, shape = network.ready((2, 3, 6, 7), output)
    assert shape == expected.shape
    np.testing.assert_allclose(run(FRAMES), expected, atol=1e-5)


def test_a_network_without_a_dense_layer_gives_its_output(tmp_path):
    run, _ = open_network(write(tmp_path / "body.onnx", dense=False)).ready((2, 3, 6, 7), "last_pooled")
    np.testing.assert_allclose(run(FRAMES), POOLED, atol=1e-5)


def test_what_a_file_says_is_told(tmp_path):
    network = open_network(write(tmp_path / "net.onnx"))
    assert str(network.given) == "'frames' float32 (?, 3, 6, 7)"
    assert [str(one) for one in network.outputs] == ["'scores' float32 (?, 5)"]
    assert (network.format, network.runtime) == ("ONNX", "openvino")
    with pytest.raises(BadRequest, match=r"output=logit: net\.onnx has 'scores' .* did you mean 'logits'"):
        network.ready((2, 3, 6, 7), "logit")
    with pytest.raises(BadRequest, match=r"does not take frames as \(2, 3, 6\)"):
        network.ready((2, 3, 6), None)


def test_bits_depend_on_neither_batch_nor_thread(tmp_path):
    network = open_network(write(tmp_path / "net.onnx"))
    frames = RNG.integers(0, 256, (9, 6, 7, 3)).astype(np.float32)
    plain = Colours(False, (0.0, 1.0), (0.0,) * 3, (1.0,) * 3)
    made = [FramesNetwork("net", network.ready((size, 3, 6, 7), None)[0], "NCHW", size, plain) for size in (1, 4)]
    whole = made[0](frames)
    np.testing.assert_array_equal(made[1](frames), whole)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: made[1](frames), range(8)):
            np.testing.assert_array_equal(found, whole)


def test_an_ir_says_its_colours_in_model_info(tmp_path):
    ov = import_openvino()
    network = ov.Core().read_model(str(write(tmp_path / "net.onnx")))
    ov.save_model(network, str(tmp_path / "plain.xml"))
    assert open_network(tmp_path / "plain.xml").said.range is None
    for key, text in (("mean_values", "1 2 3"), ("scale_values", "50"), ("reverse_input_channels", "False")):
        network.set_rt_info(text, ["model_info", key])
    ov.save_model(network, str(tmp_path / "told.xml"))
    said = open_network(tmp_path / "told.xml").said
    assert (said.channels, said.range, said.mean, said.std) == ("bgr", (0.0, 255.0), (1.0, 2.0, 3.0), (50.0,) * 3)
    assert [one.name for one in files_of(tmp_path / "told.xml")] == ["told.xml", "told.bin"]
    before = content_hash(tmp_path / "told.xml")
    data = bytearray((tmp_path / "told.bin").read_bytes())
    data[0] ^= 1
    (tmp_path / "told.bin").write_bytes(bytes(data) + b"\0")
    assert content_hash(tmp_path / "told.xml") != before


def test_weights_beside_an_onnx_file_are_part_of_it(tmp_path):
    for name in ("net.onnx_data", "a longer name " + 140 * "x"):
        with (tmp_path / name).open("wb") as data:
            path = write(tmp_path / "net.onnx", beside=data)
        assert [one.name for one in files_of(path)] == ["net.onnx", name]
        run, _ = open_network(path).ready((2, 3, 6, 7), None)
        np.testing.assert_allclose(run(FRAMES), SCORES, atol=1e-5)
        before = content_hash(path)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"\0")
        assert content_hash(path) != before


def test_a_network_of_two_inputs_is_refused(tmp_path):
    nodes = [node("Add", ["a", "b"], ["sum"])]
    inputs = [value(name, (1, 3, 4, 4)) for name in ("a", "b")]
    (tmp_path / "two.onnx").write_bytes(model(nodes, [], inputs, [value("sum", (1, 3, 4, 4))]))
    with pytest.raises(BadRequest, match=r"takes 2 inputs \('a' float32 \(1, 3, 4, 4\), 'b'"):
        open_network(tmp_path / "two.onnx")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nett.onnx", r"no such file or folder; did you mean 'net\.onnx'"),
        ("bad.onnx", "cannot be read as ONNX"),
        ("bad.xml", "cannot be read as OpenVINO IR"),
        (
            "weights.pt",
            r"give \.onnx, \.xml, \.tflite, \.keras, or a SavedModel's folder; export it: torch\.onnx\.export",
        ),
        ("net.bin", r"give the \.xml beside it"),
        ("folder", r"a folder without saved_model\.pb"),
    ],
)
def test_what_is_no_network_is_refused_with_what_is(name, message, tmp_path):
    write(tmp_path / "net.onnx")
    (tmp_path / "folder").mkdir()
    if name not in ("nett.onnx", "folder"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(BadRequest, match=message):
        open_network(tmp_path / name)
