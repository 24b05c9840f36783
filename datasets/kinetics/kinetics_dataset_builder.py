"""Kinetics: csv lists of web videos, called after their seconds."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `kinetics`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {
        "train": ("train.csv", "*_train.csv"),
        "val": ("val.csv", "validate.csv", "validation.csv", "*_val.csv"),
        "test": ("test.csv", "*_test.csv"),
    }
    FORMAT_OF_LISTS: ClassVar = "kinetics"
    SPLITS: ClassVar = ("1",)
    GROUPS_ARE: ClassVar = "source video"
    PART_OF_ROWS: ClassVar = {"validate": "val", "validation": "val"}
