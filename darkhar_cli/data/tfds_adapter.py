"""What darkhar uses of TFDS that has no public name: a builder that no catalogue lists and that tf.data cannot read.

`tests/data/test_tfds_adapter.py` says which of these is gone after an upgrade.
"""

from typing import Any

import tensorflow_datasets as tfds


class UnlistedBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
    """A builder that stores ArrayRecord files; its `as_dataset` is its own, as ArrayRecord has no tf.data reader."""

    def _as_dataset(self, split: str | tfds.core.ReadInstruction, *args: Any, **kwargs: Any) -> Any:
        raise ValueError("ArrayRecord has no tf.data reader; as_dataset() wraps as_data_source() instead")
