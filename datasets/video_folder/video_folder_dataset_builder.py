"""A user's own clips: `<root>/[<split>/]<class>/*.mp4`, or lists of labels in any known format."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder, Source
from darkhar_cli.data.label_formats.assembly import ListedClip, ReadingOptions, read_lists, refuse_twins
from darkhar_cli.data.label_formats.group_setting import group_pattern
from darkhar_cli.data.listing import Excluded, counted, list_folder, not_videos, relative, why_no_file
from darkhar_cli.data.video import read_clip
from darkhar_cli.data.video_suffixes import VIDEO
from darkhar_cli.errors import BadRequest, unknown
from darkhar_cli.names import printable, refuse_alike

__all__ = ["VIDEO", "Builder"]

_HELD_OUT = ("test", "val", "validation", "validate")
_TRAINING = (TRAIN, "training")


class Builder(ClipBuilder):
    """TFDS builder of `video_folder`.

    Args:
        root: folder of the class folders, or what the lists' paths are relative to.
        labels: a list of the clips, in any format of `label_formats`.
        test_labels: a second list, of the held-out clips; `labels` is then that of the training clips.
        format: name of the lists' format; None to recognise it.
        class_names: a file that names class numbers; None to look for one.
        first_label: the number of the first class, where it cannot be seen.
        group: regular expression on the file name whose first bracket is the clip's group.
        test: name of the held-out split; by default the first of test, val, validation, validate that exists.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        labels: str | None = None,
        test_labels: str | None = None,
        format: str | None = None,
        class_names: str | None = None,
        first_label: int | None = None,
        group: str | None = None,
        test: str | None = None,
        **kwargs: Any,
    ):
        self.root = Path(root)
        self.labels = Path(labels) if labels else None
        self.test_labels = Path(test_labels) if test_labels else None
        self.test = test
        self.group = group_pattern(group)
        names = Path(class_names) if class_names else None
        self.options = ReadingOptions(self.root, format, names, first_label, self.group)
        given = {"test_labels": test_labels, "format": format, "class_names": class_names, "first_label": first_label}
        alone = next((key for key, value in given.items() if value is not None), None)
        if alone and not self.labels:
            raise BadRequest(
                f"dataset.{alone}={given[alone]} says how dataset.labels is read; give dataset.labels=FILE"
            )
        if not self.root.is_dir():
            raise BadRequest(f"dataset.root={self.root}: no such folder")
        self._found: list[Source] | None = None
        self._excluded: list[Excluded] = []
        self._ordered: list[str] = []  # classes, where lists give their order
        self._names: list[Path] = []  # files of class names
        super().__init__(**kwargs)

    def classes(self) -> list[str]:
        """Return the labels in alphabetical order, or by number where a list has numbers."""
        present = {source.label for source in self.sources() if source.label}
        return [name for name in self._ordered if name in present] or sorted(present)

    def files(self) -> list[Path]:
        """Return the lists, if there are any, and the file of class names."""
        self.sources()
        return [*filter(None, [self.labels, self.test_labels]), *self._names]

    def sources(self) -> list[Source]:
        """Return every clip, its split named `train` or `test` (others are left aside)."""
        if self._found is None:
            found = self._from_lists() if self.labels else self._from_folders()
            if not found:
                there = f"; not used: {counted(file.reason for file in self._excluded)}" if self._excluded else ""
                raise BadRequest(
                    f"no clips under {self.root}; expected <root>/<class>/*.mp4 or <root>/<split>/<class>/*.mp4{there}"
                )
            if self.group and not self.labels and not any(source.group for source in found):
                name = found[0].load.args[0].name
                raise BadRequest(f"dataset.group={self.group.pattern} fits no file name, for instance {name}")
            self._found = self._with_splits(found)
        return self._found

    def excluded(self) -> list[Excluded]:
        """Return the files under the root that are not used; beside a csv, those it does not list."""
        if not self.labels:
            return self._excluded
        places = [Path(source.load.args[0]) for source in self.sources()]
        inside = {relative(path, self.root) for path in places if path.is_relative_to(self.root)}
        if not inside:
            return self._excluded
        listing = list_folder(self.root, strict=False)
        lists = {path.resolve() for path in self.files()}
        files = [path for path in listing.files if path.resolve() not in lists]
        videos, others = not_videos(files, self.root, VIDEO)
        unlisted = [Excluded(relative(path, self.root), f"not in {self.labels.name}") for path in videos]
        above = {parent.as_posix() for name in inside for parent in (Path(name), *Path(name).parents)}
        return self._excluded + [file for file in (*listing.excluded, *others, *unlisted) if file.path not in above]

    def _from_folders(self) -> list[Source]:
        listing = list_folder(self.root)
        videos, others = not_videos(listing.files, self.root, VIDEO)
        self._excluded += listing.excluded + others
        found, names = [], set()
        for path in videos:
            *split, label = path.relative_to(self.root).parts[:-1] or ("",)
            if not label or len(split) > 1:
                hint = f"; did you mean dataset.root={self.root.parent}?" if not label else ""
                raise BadRequest(f"{path}: expected <root>/<class>/<clip> or <root>/<split>/<class>/<clip>{hint}")
            if not label.strip() or (split and not split[0].strip()):
                raise BadRequest(f"{path}: a folder whose name is nothing but spaces names no class")
            names.add(label)
            found.append(self._source(path, label.strip(), split[0].strip() if split else ""))
        if len({bool(source.split) for source in found}) > 1:
            raise BadRequest(f"{self.root}: some clips are in <class>/ and others in <split>/<class>/; use one layout")
        refuse_alike(names, str(self.root))
        for name in sorted(name for name in names if name != name.strip()):
            what = f"folder '{printable(name)}' is class '{printable(name.strip())}'"
            self.left_aside.append(f"{what}: spaces at the ends of a name do not count")
        taken = {self.root, *(parent for path in videos for parent in path.parents)}
        for path in listing.folders:
            if path not in taken and path.parent in taken:
                self.left_aside.append(f"folder {path} holds no clip ({', '.join(sorted(VIDEO)[:6])}, ...)")
                self._excluded.append(Excluded(relative(path, self.root), "folder without clips"))
        return found

    def _from_lists(self) -> list[Source]:
        lists = [(self.labels, "train" if self.test_labels else "")]
        if self.test_labels:
            lists.append((self.test_labels, "test"))
        labelled = read_lists(lists, self.options)
        if labelled.unlabelled:
            path, count = next(iter(labelled.unlabelled.items()))
            raise BadRequest(f"{path}: {count} clips have no class, so nothing can be trained on or scored with it")
        refuse_twins(labelled.clips)
        self._ordered, self.notes, self._names = labelled.classes, labelled.notes, labelled.files
        return list(map(_listed, labelled.clips))

    def _source(self, path: Path, label: str, split: str) -> Source:
        match = self.group.search(path.name) if self.group else None
        missing = f"dataset.group={self.group.pattern} does not fit its name" if self.group and not match else ""
        problem, group = why_no_file(path) or missing, (match[1] if match else "") or ""
        return Source(relative(path, self.root), split, label, partial(read_clip, path), group, problem)

    def _with_splits(self, found: list[Source]) -> list[Source]:
        names = {source.split for source in found}
        if names == {""}:
            if self.test:
                raise BadRequest(f"dataset.test={self.test}: there are no splits, only classes, under {self.root}")
            return [replace(source, split=TRAIN) for source in found]
        train = next((n for n in _TRAINING if n in names), None)
        if train is None:
            raise unknown("training split; none named 'train' among", ", ".join(sorted(names)), _TRAINING)
        if "" in names:
            raise BadRequest(f"{self.labels}: some rows name a split and others none")
        if self.test in _TRAINING:
            raise BadRequest(f"dataset.test={self.test}: the training split cannot be the held-out one too")
        if self.test and self.test not in names:
            raise unknown("split (dataset.test)", self.test, names)
        test = self.test or next((n for n in _HELD_OUT if n in names), None)
        kept = {train: TRAIN} | ({test: self.HELD_OUT} if test else {})
        for name in sorted(names - set(kept)):
            clips = [source.id for source in found if source.split == name]
            self._excluded += [Excluded(clip, f"split {name!r} is not scored") for clip in clips]
            count = len(clips)
            self.left_aside.append(f"split {name!r} ({count} clips) is left aside; dataset.test={name} would score it")
        return [replace(source, split=kept[source.split]) for source in found if source.split in kept]


def _listed(clip: ListedClip) -> Source:
    where = f"{clip.list}:{clip.line}"
    load = partial(read_clip, clip.path)
    return Source(clip.id, clip.part, clip.label, load, clip.group, clip.problem, listed=where)
