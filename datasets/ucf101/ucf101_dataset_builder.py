"""UCF101: 101 actions, with three official splits that keep groups whole."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `ucf101`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {"train": ("trainlist0{split}.txt",), "test": ("testlist0{split}.txt",)}
    FORMAT_OF_LISTS: ClassVar = "ucf101"
    GROUPS_ARE: ClassVar = "group"
