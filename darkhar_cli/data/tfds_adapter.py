"""What darkhar uses of TFDS that has no public name: a builder that no catalogue lists and that stores what it likes.

`tests/data/test_tfds_adapter.py` says which of these is gone after an upgrade.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import tensorflow_datasets as tfds


class LocalInfo(tfds.core.DatasetInfo):
    """What is known of a data set here; TFDS's own looks for more among Google's.

    It leaves a folder among the temporary files each time.
    """

    def initialize_from_bucket(self) -> None:
        """Know nothing more."""


class UnlistedBuilder(tfds.core.DatasetBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder that stores its clips itself; `as_dataset` and `as_data_source` are its own."""

    @abstractmethod
    def store(self) -> Mapping[str, tuple[int, int]]:
        """Store everything; return how many examples and bytes each split has."""

    def _download_and_prepare(self, dl_manager: Any, download_config: Any = None) -> None:
        splits = [
            tfds.core.SplitInfo(name=split, shard_lengths=[count], num_bytes=size)
            for split, (count, size) in self.store().items()
        ]
        self.info.set_splits(tfds.core.splits.SplitDict(splits))

    def _as_dataset(self, split: str | tfds.core.ReadInstruction, *args: Any, **kwargs: Any) -> Any:
        raise ValueError("ArrayRecord has no tf.data reader; as_dataset() wraps as_data_source() instead")
