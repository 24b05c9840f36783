"""The private names of TFDS that `data/tfds_adapter.py` uses; each failure says what an upgrade broke."""

import inspect

import tensorflow_datasets as tfds

from darkhar_cli.data.tfds_adapter import UnlistedBuilder

MEND = "mend darkhar_cli/data/tfds_adapter.py"


def test_a_builder_still_stays_off_the_list():
    hook = inspect.signature(tfds.core.DatasetBuilder.__init_subclass__).parameters
    assert "skip_registration" in hook, f"TFDS builders no longer take skip_registration; {MEND}"
    assert "unlisted_builder" not in tfds.list_builders(), f"TFDS lists builders in spite of skip_registration; {MEND}"


def test_builders_still_have_the_hooks_that_are_overridden():
    for name in ("_info", "_split_generators", "_generate_examples", "_as_dataset"):
        assert hasattr(tfds.core.GeneratorBasedBuilder, name), f"TFDS no longer calls {name} of a builder; {MEND}"
    assert "_as_dataset" in vars(UnlistedBuilder)
