"""Data sets that come with lists of labels and official splits: ARID, Dark-48, HMDB51, UCF101, ELLAR and their like."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder, Source
from darkhar_cli.data.label_formats.assembly import (
    Labelled,
    ListedClip,
    ReadingOptions,
    read_lists,
    refuse_twins,
    shared_groups,
)
from darkhar_cli.data.label_formats.group_setting import group_pattern
from darkhar_cli.data.listing import Excluded, list_folder, not_videos, relative
from darkhar_cli.data.video import read_clip
from darkhar_cli.data.video_suffixes import VIDEO
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import several

ALL = "all"
_TEST = "test"
_FOLDERS = ("", "*/", "*/*/")  # below the root, where lists are looked for


class ListedBuilder(ClipBuilder):
    """Base of data sets with lists.

    Subclasses say how their lists are called: `LISTS` maps a part (`train`, `test`, others) to patterns in which
    `{split}` stands for the number of the official split; a part of its own in a list's rows (HMDB51) counts more.

    Args:
        root: the folder of the clips, or of them and the lists.
        lists: the folder of the lists, where they are not below the root.
        split: number of the official split, or `all` for every one of them.
        test: which part is held out.
        other: `ignore` or `train`: what becomes of clips that are listed for neither training nor test.
        group: regular expression on the file name, in place of the data set's own.
        class_names: a file that names class numbers; None to look for one.
    """

    LISTS: ClassVar[Mapping[str, Sequence[str]]]
    FORMAT_OF_LISTS: ClassVar[str]
    SPLITS: ClassVar[Sequence[str]] = ("1", "2", "3")
    GROUP: ClassVar[str | None] = None  # None: the format's own
    GROUPS_ARE: ClassVar[str] = "recording"
    PART_OF_ROWS: ClassVar[Mapping[str, str]] = {}  # what a column calls a part, where that is not as in `LISTS`
    HELD_OUT = _TEST

    def __init__(
        self,
        *,
        root: str | Path,
        lists: str | None = None,
        split: int | str = 1,
        test: str = _TEST,
        other: str = "ignore",
        group: str | None = None,
        class_names: str | None = None,
        **kwargs: Any,
    ):
        self.root, self.lists = Path(root), Path(lists) if lists else None
        self.split, self.test, self.other = str(split), test, other
        for what, folder in (("root", self.root), ("lists", self.lists)):
            if folder is not None and not folder.is_dir():
                raise BadRequest(f"dataset.{what}={folder}: no such folder")
        own = re.compile(self.GROUP) if self.GROUP else None
        names = Path(class_names) if class_names else None
        self.options = ReadingOptions(self.root, self.FORMAT_OF_LISTS, names, None, group_pattern(group) or own)
        self._read: dict[str, Labelled] = {}
        self._found: list[Source] | None = None
        super().__init__(**kwargs)

    def classes(self) -> list[str]:
        """Return the classes that occur, by number where lists have numbers, else by name."""
        present = {source.label for source in self.sources()}
        ordered = dict.fromkeys(name for one in self._read.values() for name in one.classes)
        return [name for name in ordered if name in present]

    def files(self) -> list[Path]:
        """Return the lists and the file of class names."""
        self.sources()
        every = [path for one in self._read.values() for path in (*(part.path for part in one.lists), *one.files)]
        return list(dict.fromkeys(every))

    def sources(self) -> list[Source]:
        """Return the clips of the official split, or of all; what is in neither part is left aside, and reported."""
        if self._found is None:
            splits = self.SPLITS if self.split == ALL else (self.split,)
            parts = [self._parts(split) for split in splits]
            self._found = _one(parts[0]) if len(parts) == 1 else _together(parts)
            if not any(source.split == TRAIN for source in self._found):
                raise BadRequest(f"no list of {self.root} names a clip to train on")
        return self._found

    def excluded(self) -> list[Excluded]:
        """Return the files under the root that are in no list of the split."""
        listing = list_folder(self.root, strict=False)
        lists = {path.resolve() for path in self.files()}
        videos, others = not_videos([path for path in listing.files if path.resolve() not in lists], self.root, VIDEO)
        known = {source.id for source in self.sources()}
        unlisted = [Excluded(name, "in no list") for path in videos if (name := relative(path, self.root)) not in known]
        return listing.excluded + others + unlisted

    def _parts(self, split: str) -> dict[str, list[ListedClip]]:
        """Return the clips of a split by part; `train` and `test` are what they are for."""
        lists = self._lists(split)
        read = self._read[split] = read_lists(
            [(path, part) for part, paths in lists.items() for path in paths], self.options
        )
        self.notes += read.notes
        parts: dict[str, list[ListedClip]] = {TRAIN: [], _TEST: []}
        for clip in read.clips:
            part = self.PART_OF_ROWS.get(clip.part, clip.part)
            parts.setdefault({TRAIN: TRAIN, self.test: _TEST}.get(part, f"{part} list"), []).append(clip)
        refuse_twins([*parts[TRAIN], *parts[_TEST]])
        for path, count in read.unlabelled.items():
            many = several(count, "clip", "without a class", verb=True)
            self.left_aside.append(f"{path.name}: {many} left aside; nothing can be trained on or scored with them")
        self._report(split, parts)
        return parts

    def _report(self, split: str, parts: dict[str, list[ListedClip]]) -> None:
        """Report what is left aside, and recordings that training and test have in common."""
        where = f"split {split}: " if len(self.SPLITS) > 1 else ""
        for part in sorted(set(parts) - {TRAIN, _TEST}):
            clips = parts.pop(part)
            shared = shared_groups(clips, parts[_TEST])
            also = f"; it shares {several(len(shared), self.GROUPS_ARE)} with the test list" if shared else ""
            if self.other == "train":
                parts[TRAIN] += clips
                self.left_aside.append(f"{where}the {part} ({several(len(clips), 'clip')}) is trained on too{also}")
            else:
                how = "; dataset.other=train would train on it" if also or part == "other list" else ""
                self.left_aside.append(f"{where}the {part} ({several(len(clips), 'clip')}) is left aside{also}{how}")
        shared = shared_groups(parts[_TEST], parts[TRAIN])
        if shared:
            count, total = sum(shared.values()), len(parts[_TEST])
            which = f"{several(len(shared), self.GROUPS_ARE)}, for instance {next(iter(shared))}"
            share = f"{count} of {total} test clips ({count / total:.1%})"
            self.left_aside.append(f"{where}{share} share a {self.GROUPS_ARE} with training clips ({which})")

    def _lists(self, split: str) -> dict[str, list[Path]]:
        """Return the lists of a split by part, from the first folder that has one for training."""
        places = [self.lists] if self.lists else [self.root]
        for folder in _FOLDERS:
            found = {
                part: sorted(
                    {path for place in places for one in patterns for path in place.glob(folder + _named(one, split))}
                )
                for part, patterns in self.LISTS.items()
            }
            if found.get(TRAIN):
                return {part: paths for part, paths in found.items() if paths}
        wanted = " or ".join(_named(one, split) for one in self.LISTS[TRAIN])
        there = ", ".join(sorted(path.name for path in places[0].iterdir())[:8])
        place = f"{places[0]} (dataset.{'lists' if self.lists else 'root'}) or two folders below"
        cure = "give the folder of the lists with dataset.lists=DIR"
        raise BadRequest(f"no {wanted} in {place}; found there: {there or 'nothing'}; {cure}")


def _named(pattern: str, split: str) -> str:
    return pattern.replace("{split}", split)


def _source(clip: ListedClip, split: str, official: str = "") -> Source:
    load = partial(read_clip, clip.path)
    where = f"{clip.list}:{clip.line}"
    return Source(clip.id, split, clip.label, load, clip.group, clip.problem, official=official, listed=where)


def _one(parts: Mapping[str, Sequence[ListedClip]]) -> list[Source]:
    return [_source(clip, split) for split in (TRAIN, _TEST) for clip in parts[split]]


def _together(parts: Sequence[Mapping[str, Sequence[ListedClip]]]) -> list[Source]:
    """Return each clip of several splits once, with its part in each of them.

    Raises:
        BadRequest: a clip has another label in another split's list.
    """
    clips: dict[str, ListedClip] = {}
    uses: dict[str, list[str]] = {}
    for number, of_split in enumerate(parts):
        for use in (TRAIN, _TEST):
            for clip in of_split[use]:
                first = clips.setdefault(clip.id, clip)
                if first.label != clip.label:
                    raise BadRequest(
                        f"{clip.id} is {first.label!r} in {first.list}, line {first.line}, and {clip.label!r} in "
                        f"{clip.list}, line {clip.line}"
                    )
                uses.setdefault(clip.id, [""] * len(parts))[number] = use
    return [_source(clip, TRAIN, "|".join(uses[name])) for name, clip in clips.items()]
