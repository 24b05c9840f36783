"""What every export format is: a Keras model -> a file or folder, and that read back as a function of arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.errors import BadRequest

Arrays = Sequence[np.ndarray]
Runner = Callable[[Arrays], np.ndarray]  # inputs in the order of the signature -> probabilities (B, K)


@dataclass(frozen=True)
class InputSpec:
    """One input of an exported model.

    Attributes:
        name: of the input.
        shape: None where any length goes.
        dtype: `uint8`, `float32` or `bool`.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        name: what is typed.
        file: the name of the file or folder in an export.
        summary: one line for help and the page.
        write: (model, its inputs, the file) writes it.
        read: file -> function of arrays.
        fixed: whether shapes are fixed: frames come picked, and all of one size.
        quantize: (model, inputs, file, examples: arrays for each of some clips) writes it with int8 weights; None: the
            format has no such thing here.
        needs: (module, what to install) that writing takes beyond what darkhar brings.
        quantize_needs: the same, for int8.
        usage: Python that gives `probabilities` of `frames` without darkhar, for the card; empty where there is none.
    """

    name: str
    file: str
    summary: str
    write: Callable[[Any, Sequence[InputSpec], Path], None]
    read: Callable[[Path], Runner]
    fixed: bool = False
    quantize: Callable[[Any, Sequence[InputSpec], Path, Sequence[Arrays]], None] | None = None
    needs: tuple[tuple[str, str], ...] = ()
    quantize_needs: tuple[tuple[str, str], ...] = ()
    usage: str = ""

    def refuse_missing(self, quantized: bool) -> None:
        """Refuse to write what lacks a package.

        Raises:
            BadRequest: names it and how it is installed.
        """
        for module, install in (*self.needs, *(self.quantize_needs if quantized else ())):
            if util.find_spec(module) is None:
                what = f"quantize=int8 of format={self.name}" if quantized else f"format={self.name}"
                raise BadRequest(f"{what} needs {module}, which is not installed: pip install '{install}'")


def signature_of(inputs: Sequence[InputSpec]) -> list[Any]:
    """Return inputs as Keras's `export` wants them: alone, or as one list."""
    import tensorflow as tf

    specs = [tf.TensorSpec(one.shape, one.dtype, name=one.name) for one in inputs]
    return specs if len(specs) == 1 else [specs]
