"""A user's own clips: `<root>/[<split>/]<class>/*.mp4`, or a csv with `path,label[,split,group]`."""

import csv
import io
import re
from functools import partial
from pathlib import Path
from typing import Any

from darkhar_cli.builder import TRAIN, ClipBuilder, Source
from darkhar_cli.errors import BadRequest, unknown

VIDEO = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".mts", ".3gp"}
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
                raise BadRequest(
                    f"no clips under {self.root}; expected <root>/<class>/*.mp4 or <root>/<split>/<class>/*.mp4"
                )
            if self.group and not self.labels and not any(source.group for source in found):
                name = found[0].load.args[0].name
                raise BadRequest(f"dataset.group={self.group.pattern} fits no file name, for instance {name}")
            self._found = self._with_splits(found)
        return self._found

    def _from_folders(self) -> list[Source]:
        found = []
        for path in sorted(p for p in self.root.rglob("*") if p.suffix.lower() in VIDEO and p.is_file()):
            *split, label = path.relative_to(self.root).parts[:-1] or ("",)
            if not label or len(split) > 1:
                hint = f"; did you mean dataset.root={self.root.parent}?" if not label else ""
                raise BadRequest(f"{path}: expected <root>/<class>/<clip> or <root>/<split>/<class>/<clip>{hint}")
            found.append(self._source(path, label, split[0] if split else "", None))
        if len({bool(source.split) for source in found}) > 1:
            raise BadRequest(
                f"{self.root}: some clips stand in <class>/ and others in <split>/<class>/; use one layout"
            )
        folders = {path for path in self.root.glob("*" if not found or not found[0].split else "*/*") if path.is_dir()}
        for path in sorted(folders - {Path(source.load.args[0]).parent for source in found}):
            self.left_aside.append(f"folder {path} holds no clip ({', '.join(sorted(VIDEO))})")
        return found

    def _from_csv(self) -> list[Source]:
        if not self.labels.is_file():
            raise BadRequest(f"dataset.labels={self.labels}: no such file")
        try:
            text = self.labels.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as problem:
            raise BadRequest(f"{self.labels} is not UTF-8 text: {problem.reason}") from problem
        with io.StringIO(text, newline="") as file:
            rows = csv.DictReader(file)
            if not {"path", "label"} <= set(rows.fieldnames or ()):
                raise BadRequest(f"{self.labels}: expected columns path,label[,split,group], got {rows.fieldnames}")
            return [
                self._source(self.root / row["path"], row["label"] or "", row.get("split") or "", row.get("group"))
                for row in rows
            ]

    def _source(self, path: Path, label: str, split: str, group: str | None) -> Source:
        if group is None and self.group:
            match = self.group.search(path.name)
            group = match[1] if match else None
            missing = "" if match else f"dataset.group={self.group.pattern} does not fit its name"
        else:
            missing = ""
        problem = missing if path.is_file() else "no such file"
        name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()
        return Source(name, split, label, partial(Path.read_bytes, path), group or "", problem or _no_label(label))

    def _with_splits(self, found: list[Source]) -> list[Source]:
        names = {source.split for source in found}
        if names == {""}:
            if self.test:
                raise BadRequest(f"dataset.test={self.test}: there are no splits, only classes, under {self.root}")
            return [_in_split(source, TRAIN) for source in found]
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
            count = sum(source.split == name for source in found)
            self.left_aside.append(f"split {name!r} ({count} clips) is left aside; dataset.test={name} would score it")
        return [_in_split(source, kept[source.split]) for source in found if source.split in kept]


def _no_label(label: str) -> str:
    return "" if label else "no label"


def _in_split(source: Source, split: str) -> Source:
    return Source(source.id, split, source.label, source.load, source.group, source.problem)
