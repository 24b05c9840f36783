"""The stored records of a prepared data set, read one at a time and proved to be the ones that are meant."""

from pathlib import Path
from typing import Any

import numpy as np

from darkhar_cli.data.dataset_builder import ClipBuilder


class DamagedRecord(Exception):
    """A record that cannot be read, or is another clip's; the message names the file and the reason."""


def first_line(problem: Exception) -> str:
    """Return the first line of a library's message, or the kind of its error."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


class Records:
    """The records of all splits.

    Args:
        builder: of the data set, its data prepared.

    Raises:
        Exception: the record reader's own (RuntimeError, IndexError, ...) where a file is gone or cut.
    """

    def __init__(self, builder: ClipBuilder):
        self._info = builder.info
        self._sources = {split: builder.as_data_source(split) for split in builder.info.splits}
        for source in self._sources.values():  # files are opened only when they are read
            source[0], source[len(source) - 1]

    def read(self, split: str, index: int, digest: str) -> dict[str, Any]:
        """Return a record.

        Args:
            split: as the builder calls it.
            index: in the split.
            digest: SHA-256 of the clip's bytes, as the table of clips has it.

        Raises:
            DamagedRecord: it cannot be read, or another clip is stored there.
        """
        try:
            record = self._sources[split][index]
        except Exception as problem:
            raise DamagedRecord(f"{self._file(split, index)}: {first_line(problem)}") from problem
        if record["digest"].decode() != digest:
            raise DamagedRecord(f"{self._file(split, index)}: another clip is stored there")
        return record

    def _file(self, split: str, index: int) -> Path:
        info = self._info.splits[split]
        ends = np.cumsum(info.shard_lengths)
        return Path(info.filepaths[int(np.searchsorted(ends, index, side="right"))])
