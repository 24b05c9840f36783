"""A split of a prepared data set as a sequence of examples: rows of its table with the stored bytes."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.data.clip_store import ClipStore

_TEXTS = ("id", "group", "digest", "twin", "light")
_NUMBERS = ("n_frames", "height", "width", "corrupt", "skippable")
_RATES = ("fps", "jitter")


class Examples(Sequence[dict[str, Any]]):
    """The clips of a split, each as TFDS gives one: texts as bytes, the label as its number.

    Args:
        table: rows of clips.csv.
        store: of the clips' bytes.
        classes: in label order.
    """

    def __init__(self, table: pd.DataFrame, store: ClipStore, classes: Sequence[str]):
        self._rows: list[Any] = table.to_dict("records")
        self._store, self._number = store, {name: number for number, name in enumerate(classes)}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[one] for one in range(len(self))[place]]
        row = self._rows[place]
        return {
            **{name: str(row[name]).encode() for name in _TEXTS},
            **{name: np.int32(row[name]) for name in _NUMBERS},
            **{name: np.float32(row[name]) for name in _RATES},
            "label": np.int64(self._number[row["label"]]),
            "video": self._store.read(row["digest"]),
            "times": np.array(self._store.about(row["digest"]).times, np.float64),
        }
