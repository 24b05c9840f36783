"""How many numbers a file of weights holds, which tells the network that it is for."""

from pathlib import Path
from typing import Any


def held_by(path: Path) -> int:
    """Return how many floating-point numbers an HDF5 file holds, 0 where it is none."""
    import h5py

    total = 0

    def count(_: str, node: Any) -> None:
        nonlocal total
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f":
            total += int(node.size)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(count)
    except (OSError, RuntimeError, ValueError):
        return 0
    return total
