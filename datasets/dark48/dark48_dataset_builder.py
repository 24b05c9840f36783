"""Dark-48: 48 actions in dark clips of the web, with three random splits."""

from typing import ClassVar

from darkhar_cli.data.listed_builder import ListedBuilder


class Builder(ListedBuilder):
    """TFDS builder of `dark48`; `root` is the folder of the clips, or of them and the lists."""

    LISTS: ClassVar = {"train": ("train_split{split}.txt",), "test": ("test_split{split}.txt",)}
    FORMAT_OF_LISTS: ClassVar = "list"
    GROUP: ClassVar = r"^(.+?)(?:_\d{6}_\d{6}|_\d+)(?:\.\w+)?$"  # a clip's name without its segment: the source video
    GROUPS_ARE: ClassVar = "source video"
