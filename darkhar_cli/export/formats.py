"""All formats, by name."""

from darkhar_cli.errors import BadRequest, unknown
from darkhar_cli.export import keras_file, litert, onnx, openvino_ir, savedmodel
from darkhar_cli.export.contract import Format

FORMATS = {one.FORMAT.name: one.FORMAT for one in (keras_file, savedmodel, onnx, openvino_ir, litert)}


def format_of(name: str, quantized: bool) -> Format:
    """Return a format by name.

    Raises:
        BadRequest: there is none, it has no int8, or a package is missing.
    """
    if name not in FORMATS:
        raise unknown("format", name, FORMATS)
    found = FORMATS[name]
    if quantized and found.quantize is None:
        able = ", ".join(f"format={one.name}" for one in FORMATS.values() if one.quantize)
        raise BadRequest(f"format={name} has no quantize=int8 here; use one of {able}")
    found.refuse_missing(quantized)
    return found
