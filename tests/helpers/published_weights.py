"""Weights as a catalogue has them, of a few bytes, and stand-ins for who downloads them."""

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace

from darkhar_cli.weights.catalogue import Source, Weights

CONTENT = b"weights of a few bytes"
PINNED = hashlib.sha256(CONTENT).hexdigest()


def weights(*sources: Source, **other) -> Weights:
    """Return weights `tiny` of an extractor `tiny`."""
    given = sources or (source("kaggle"),)
    return Weights("tiny", "Tiny Net", ("tiny",), "Apache-2.0", given, **({"patterns": ("*tiny*.tflite",)} | other))


def source(kind: str, file: str = "", **other) -> Source:
    """Return a source of one kind; its file is pinned to CONTENT unless another hash is given."""
    names = {"kaggle": "tiny_int8.tflite", "npm": "tiny_float32.tflite", "keras": "tiny_notop.h5"}
    page = f"https://example.org/{kind}/tiny"
    return Source(kind, file or names[kind], f"{kind}/tiny/1", page, **({"sha256": PINNED} | other))


def give_kaggle(monkeypatch, content: bytes = CONTENT, problem: Exception | None = None) -> list[str]:
    """Let kagglehub give one file, or raise; return the handles that are asked for."""
    asked = []

    def model_download(handle: str, output_dir: str) -> str:
        asked.append(handle)
        if problem:
            raise problem
        place = Path(output_dir, "4.tflite")
        print("Downloading 1 files")
        place.write_bytes(content)
        return output_dir

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(model_download=model_download))
    return asked


def give_keras(monkeypatch, content: bytes = CONTENT, problem: Exception | None = None) -> list[str]:
    """Let Keras give one file, or raise; return the addresses that are asked for."""
    asked = []

    def get_file(name: str, address: str, cache_dir: str, cache_subdir: str) -> str:
        asked.append(address)
        if problem:
            raise problem
        place = Path(cache_dir, cache_subdir, name)
        print("Downloading data from", address)
        place.write_bytes(content)
        return str(place)

    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(utils=SimpleNamespace(get_file=get_file)))
    return asked
