"""A user's own clips: `<root>/[<split>/]<class>/*.mp4`, or a csv with `path,label[,split,group]`."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from darkhar_datasets.video_folder import label_csv

from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder, Source
from darkhar_cli.data.listing import Excluded, counted, list_folder, not_videos, relative, why_no_file
from darkhar_cli.errors import BadRequest, unknown
from darkhar_cli.names import printable, refuse_alike

# What ffmpeg reads by container, and streams without one.
_CONTAINERS = "mp4 m4v mov qt f4v ismv 3gp 3g2 mj2 avi divx mkv mk3d webm ogv ogm flv wmv asf mpg mpeg mpe vob gif apng"
_CONTAINERS += " ts mts m2ts m2t mxf gxf dv dif nut rm rmvb wtv nsv ivf amv y4m dav kux"
_STREAMS = "h264 264 avc h26l h265 265 hevc h266 266 vvc h261 h263 m1v m2v mpv mjpg mjpeg av1 obu vc1 cavs avs2 avs3"
VIDEO = {f".{name}" for name in f"{_CONTAINERS} {_STREAMS}".split()}
_HELD_OUT = ("test", "val", "validation", "validate")
_TRAINING = (TRAIN, "training")


class Builder(ClipBuilder):
    """TFDS builder of `video_folder`.

    Args:
        root: folder of the class folders, or what the csv's paths are relative to.
        labels: a csv with the columns path, label and, if wanted, split and group.
        group: regular expression on the file name whose first bracket is the clip's group.
        test: name of the held-out split; by default the first of test, val, validation, validate that exists.
    """

    def __init__(
        self,
        *,
        root: str | Path,
        labels: str | None = None,
        group: str | None = None,
        test: str | None = None,
        **kwargs: Any,
    ):
        self.root = Path(root)
        self.labels = Path(labels) if labels else None
        self.test = test
        try:
            self.group = re.compile(group) if group else None
        except re.error as problem:
            raise BadRequest(f"dataset.group={group!r} is not a regular expression: {problem}") from problem
        if self.group and not self.group.groups:
            raise BadRequest(f"dataset.group={group!r} has no bracket: put (...) around the part that names the group")
        if not self.root.is_dir():
            raise BadRequest(f"dataset.root={self.root}: no such folder")
        self._found: list[Source] | None = None
        self._excluded: list[Excluded] = []
        super().__init__(**kwargs)

    def classes(self) -> list[str]:
        """Return the labels in alphabetical order."""
        return sorted({source.label for source in self.sources() if source.label})

    def files(self) -> list[Path]:
        """Return the csv, if there is one."""
        return [self.labels] if self.labels else []

    def sources(self) -> list[Source]:
        """Return every clip, its split named `train` or `test` (others are left aside)."""
        if self._found is None:
            found = self._from_csv() if self.labels else self._from_folders()
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
        files = [path for path in listing.files if path.name != self.labels.name or not path.samefile(self.labels)]
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
            found.append(self._source(path, label.strip(), split[0].strip() if split else "", None))
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

    def _from_csv(self) -> list[Source]:
        rows = label_csv.read(self.labels)
        refuse_alike({row.label for row in rows}, str(self.labels))
        found = [self._source(self._place(row.path), row.label, row.split, row.group) for row in rows]
        label_csv.refuse_twins(self.labels, list(zip(rows, (source.id for source in found), strict=True)))
        return found

    def _place(self, name: str) -> Path:
        """Return where a listed clip is; spaces around a path count where a file is called so."""
        path = self.root / name
        return self.root / name.strip() if why_no_file(path) else path

    def _source(self, path: Path, label: str, split: str, group: str | None) -> Source:
        if group is None and self.group:
            match = self.group.search(path.name)
            group = match[1] if match else None
            missing = "" if match else f"dataset.group={self.group.pattern} does not fit its name"
        else:
            missing = ""
        problem = why_no_file(path) or missing
        name = relative(path, self.root)
        return Source(name, split, label, partial(Path.read_bytes, path), group or "", problem or _no_label(label))

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


def _no_label(label: str) -> str:
    return "" if label else "no label"
