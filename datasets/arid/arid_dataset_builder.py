"""ARID: eleven actions filmed in the dark, with three official splits."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `arid`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {
        "train": ("*split{split}_train.txt",),
        "test": ("*split{split}_test.txt",),
        "other": ("*split{split}_other.txt",),
    }
    FORMAT_OF_LISTS: ClassVar = "arid"
