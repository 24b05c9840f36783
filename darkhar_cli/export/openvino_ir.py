"""OpenVINO's IR, for Intel's and other CPUs, and their GPUs and NPUs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.export.contract import Arrays, Format, InputSpec, Runner, signature_of
from darkhar_cli.features.runtimes import import_openvino


def write(model: Any, inputs: Sequence[InputSpec], path: Path) -> None:
    """Write the .xml and, beside it, the .bin."""
    import_openvino()  # without its telemetry
    model.export(str(path), format="openvino", input_signature=signature_of(inputs), verbose=False)


def read(path: Path) -> Runner:
    """Return the network of a file as a function that computes in float32, whatever the CPU would rather do."""
    compiled = import_openvino().Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def run(arrays: Arrays) -> np.ndarray:
        return np.array(compiled([np.ascontiguousarray(array) for array in arrays])[0])

    return run


def quantize(model: Any, inputs: Sequence[InputSpec], path: Path, examples: Sequence[Arrays]) -> None:
    """Write the network with int8 weights and activations, whose ranges come from examples."""
    import nncf

    ov = import_openvino()
    plain = path.with_name("plain.xml")
    write(model, inputs, plain)
    try:
        network = ov.Core().read_model(str(plain))
        made = nncf.quantize(network, nncf.Dataset(list(examples), list), subset_size=len(examples))
        ov.save_model(made, str(path), compress_to_fp16=False)
    finally:
        for one in (plain, plain.with_suffix(".bin")):
            one.unlink(missing_ok=True)


_USAGE = """\
import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
probabilities = model([frames])[0]  # frames: (clips, n, height, width, 3) uint8, RGB
"""

FORMAT = Format(
    "openvino",
    "model.xml",
    "OpenVINO's IR (.xml and .bin)",
    write,
    read,
    quantize=quantize,
    quantize_needs=(("nncf", "darkhar[export]"),),
    usage=_USAGE,
)
