"""The private names of TFDS that `data/tfds_adapter.py` uses; each failure says what an upgrade broke."""

import inspect
import tempfile

import tensorflow_datasets as tfds

from darkhar_cli.data.tfds_adapter import LocalInfo, UnlistedBuilder


class Empty(UnlistedBuilder):
    """A data set of nothing."""

    VERSION = tfds.core.Version("1.0.0")
    code_path = None

    def store(self):
        return {}

    def _info(self):
        return LocalInfo(builder=self, features=tfds.features.FeaturesDict({"id": tfds.features.Text()}))


MEND = "mend darkhar_cli/data/tfds_adapter.py"


def test_a_builder_still_stays_off_the_list():
    hook = inspect.signature(tfds.core.DatasetBuilder.__init_subclass__).parameters
    assert "skip_registration" in hook, f"TFDS builders no longer take skip_registration; {MEND}"
    assert "unlisted_builder" not in tfds.list_builders(), f"TFDS lists builders in spite of skip_registration; {MEND}"


def test_builders_still_have_the_hooks_that_are_overridden():
    for name in ("_info", "_split_generators", "_generate_examples", "_as_dataset"):
        assert hasattr(tfds.core.GeneratorBasedBuilder, name), f"TFDS no longer calls {name} of a builder; {MEND}"
    assert "_as_dataset" in vars(UnlistedBuilder)


def test_what_is_known_of_a_data_set_leaves_no_folder_behind(tmp_path, monkeypatch):
    assert hasattr(tfds.core.DatasetInfo, "initialize_from_bucket"), f"TFDS asks its servers in another way; {MEND}"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = Empty(data_dir=tmp_path / "nothing")
    assert isinstance(made.info, LocalInfo)
    assert list(tmp_path.iterdir()) == []
