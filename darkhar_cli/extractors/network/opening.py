"""From a path to a network: its format, by its name and what lies there."""

from collections.abc import Callable
from pathlib import Path

from darkhar_cli.errors import BadRequest, nearest
from darkhar_cli.extractors.network.contract import NetworkFile
from darkhar_cli.extractors.network.openvino_file import opener

_ONNX, _IR, _SAVED = opener("ONNX"), opener("OpenVINO IR"), opener("SavedModel")


def _keras(path: Path) -> NetworkFile:
    from darkhar_cli.extractors.network.keras_file import KerasFile

    return KerasFile(path)


def _litert(path: Path) -> NetworkFile:
    from darkhar_cli.extractors.network.litert_file import LiteRTFile

    return LiteRTFile(path)


OPENERS: dict[str, Callable[[Path], NetworkFile]] = {
    ".onnx": _ONNX,
    ".xml": _IR,
    ".tflite": _litert,
    ".keras": _keras,
}
_OTHERS = {  # what people have instead, and what makes one of these of it
    ".bin": "give the .xml beside it",
    ".pt": "export it: torch.onnx.export",
    ".pth": "export it: torch.onnx.export",
    ".safetensors": "export its network: torch.onnx.export",
    ".ckpt": "export its network: torch.onnx.export, or model.export of Keras",
    ".h5": "load it in Keras and save it as .keras, or model.export(...) it",
    ".pb": "give the folder of the SavedModel",
}


def open_network(path: Path) -> NetworkFile:
    """Return the network of a file or folder.

    Raises:
        BadRequest: nothing is there, it is of none of the formats, or cannot be read.
    """
    allowed = f"{', '.join(OPENERS)}, or a SavedModel's folder"
    if not path.exists():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        raise BadRequest(f"extractor.weights={path}: no such file or folder{nearest(path.name, beside)}")
    if path.is_dir():
        if not (path / "saved_model.pb").is_file():
            raise BadRequest(f"extractor.weights={path} is a folder without saved_model.pb; give {allowed}")
        return _SAVED(path)
    if path.suffix.lower() not in OPENERS:
        helps = _OTHERS.get(path.suffix.lower())
        raise BadRequest(f"extractor.weights={path}: give {allowed}{f'; {helps}' if helps else ''}")
    return OPENERS[path.suffix.lower()](path)
