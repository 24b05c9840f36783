"""UG2+ Track 2.1 (2021): six actions of ARID v1.1, with csv lists."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `ug2`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {
        "train": ("*train_pub.csv", "train*.csv"),
        "val": ("*validation*.csv", "val*.csv"),
        "test": ("*test_pub.csv", "test*.csv"),
    }
    FORMAT_OF_LISTS: ClassVar = "ug2"
    SPLITS: ClassVar = ("1",)
