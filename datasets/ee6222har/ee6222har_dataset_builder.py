"""EE6222 (NTU, AY2023/24): six actions of ARID, filmed in the dark.

`root` holds `train.txt` and the folder `train/`, `mapping_table_*.txt`, and, where the official validation list is
at hand, `validate.txt` and `validate/`. Lists are tab separated (id, class id, path), mapping tables too (class
id, name). Splits are `train` and `val`, those that exist.
"""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

from darkhar_cli.data.dataset_builder import TRAIN, ClipBuilder, Source
from darkhar_cli.data.listing import Excluded, list_folder, relative, why_no_file
from darkhar_cli.data.video import read_clip
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import refuse_alike

_LISTS = {TRAIN: ("train",), "val": ("validate", "val", "validation")}
_GROUP = re.compile(r"([^/]+_\d+)_\d+\.\w+$")  # Class_<recording>_<take>.mp4


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as problem:
        raise BadRequest(f"{path} is not UTF-8 text: {problem.reason}") from problem


class Builder(ClipBuilder):
    """TFDS builder of `ee6222har`; `root` is the folder with the lists."""

    HELD_OUT = "val"

    def __init__(self, *, root: str | Path, **kwargs: Any):
        self.root = Path(root)
        super().__init__(**kwargs)

    def classes(self) -> list[str]:
        """Return the class names of the mapping table, by class id."""
        return list(self._mapping().values())

    def files(self) -> list[Path]:
        """Return the lists and the mapping table."""
        return [self._mapping_table(), *self._lists().values()]

    def sources(self) -> list[Source]:
        """Return the listed clips of every list that is there."""
        found = []
        mapping = self._mapping()
        for split, path in self._lists().items():
            for number, line in enumerate(_text(path).split("\n"), start=1):
                fields = [field.strip() for field in line.split("\t")]
                if fields == [""] or (number == 1 and len(fields) == 3 and not fields[1].isdigit()):
                    continue  # a blank line, or the header that some copies of the list have
                found.append(self._source(split, path, number, fields, mapping))
        return found

    def excluded(self) -> list[Excluded]:
        """Return the files under the root that are in no list."""
        if not self.root.is_dir():
            return []
        listing, known = list_folder(self.root, strict=False), {source.id for source in self.sources()}
        known |= {relative(path, self.root) for path in self.files()}
        names = [relative(path, self.root) for path in listing.files]
        return listing.excluded + [Excluded(name, "in no list") for name in names if name not in known]

    def _source(self, split: str, path: Path, number: int, fields: list[str], mapping: dict[str, str]) -> Source:
        if len(fields) != 3:
            raise BadRequest(f"{path}, line {number}: expected id, class id and path with tabs between, got {fields}")
        _, class_id, name = fields
        if "\0" in name:
            raise BadRequest(f"{path}, line {number}: a NUL character, which no path can hold")
        clip = Path(os.path.normpath(path.with_suffix("") / name))
        if not clip.is_relative_to(os.path.normpath(self.root)):  # a link in the root may lead anywhere
            raise BadRequest(f"{path}, line {number}: {name} leads out of {self.root}")
        group = _GROUP.search(name)
        problem = ""
        if class_id not in mapping:
            problem = f"{path.name} line {number}: class id {class_id!r} is not in the mapping table"
        elif why := why_no_file(clip):
            problem = f"{path.name} line {number}: {why}"
        return Source(
            id=clip.relative_to(os.path.normpath(self.root)).as_posix(),
            split=split,
            label=mapping.get(class_id, ""),
            group=group[1] if group else "",
            load=partial(read_clip, clip),
            problem=problem,
        )

    def _lists(self) -> dict[str, Path]:
        found = {}
        for split, names in _LISTS.items():
            path = next((p for n in names if (p := self.root / f"{n}.txt").is_file()), None)
            if path:
                found[split] = path
        if TRAIN not in found:
            there = ", ".join(sorted(p.name for p in self.root.iterdir())[:8]) if self.root.is_dir() else "no folder"
            raise BadRequest(f"no train.txt in {self.root} (dataset.root); found there: {there or 'nothing'}")
        return found

    def _mapping_table(self) -> Path:
        tables = sorted(self.root.glob("mapping_table*.txt"))
        if not tables:
            self._lists()  # says first if the whole folder is wrong
            raise BadRequest(f"no mapping_table_*.txt in {self.root} (dataset.root): class ids have no names")
        return tables[-1]

    def _mapping(self) -> dict[str, str]:
        path = self._mapping_table()
        rows = [line.strip().split(None, 1) for line in _text(path).split("\n") if line.strip()]
        if any(len(row) != 2 or not row[0].isdigit() for row in rows):
            raise BadRequest(f"{path}: expected a class id and a name on each line")
        for values, what in (([row[0] for row in rows], "class id"), ([row[1] for row in rows], "class")):
            twice = next((value for value in values if values.count(value) > 1), None)
            if twice is not None:
                raise BadRequest(f"{path}: {what} {twice!r} appears twice")
        refuse_alike([row[1] for row in rows], str(path))
        return {row[0]: row[1] for row in sorted(rows, key=lambda row: int(row[0]))}
