"""HMDB51: 51 actions of films, with three official splits of lists per class."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `hmdb51`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {"train": ("*_test_split{split}.txt",)}  # one for each class; a row says its clip's part
    FORMAT_OF_LISTS: ClassVar = "hmdb51"
    GROUPS_ARE: ClassVar = "film"
