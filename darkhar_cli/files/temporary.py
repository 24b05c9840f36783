"""A folder for what libraries put among the temporary files: one for each process, so that a killed one's is known."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from darkhar_cli.files import asides

_NAME = "darkhar"


@contextlib.contextmanager
def own_folder() -> Iterator[None]:
    """Give Python's temporary files a folder of their own, gone with the block; remove those of dead processes.

    Where none can be made, they go where they would go anyway.
    """
    usual = tempfile.tempdir
    place = Path(tempfile.gettempdir())
    asides.remove_leftovers(place, f".{_NAME}.")
    folder = asides.beside(place / _NAME)
    try:
        folder.mkdir(mode=0o700)
    except OSError:
        yield
        return
    tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = usual
        asides.remove(folder)
