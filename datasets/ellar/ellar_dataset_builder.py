"""ELLAR: actions in low and extremely low light, with lists as mmaction2 has them."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `ellar`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {
        "train": ("*label_train*.txt",),
        "val": ("*label_val*.txt",),
        "test": ("*label_test*.txt",),
    }
    FORMAT_OF_LISTS: ClassVar = "list"
    SPLITS: ClassVar = ("1",)
