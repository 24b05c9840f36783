"""Lists of labels as clips: each with its file, its class, its group and its part, and what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from darkhar_cli.data.label_formats import class_names
from darkhar_cli.data.label_formats.class_names import ClassNames
from darkhar_cli.data.label_formats.field_lists import HMDB51, hmdb_title
from darkhar_cli.data.label_formats.places import Places, name_of
from darkhar_cli.data.label_formats.recognition import LabelList, read_list
from darkhar_cli.data.label_formats.rows import Row, listed
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import printable, refuse_alike, several

_SHOWN = 3  # rows of each list
_MOST_LISTS = 4  # of which rows are shown; of more (HMDB51 has one for each class) those of the first


@dataclass(frozen=True)
class ListedClip:
    """A clip as a list has it.

    Attributes:
        id: its name in tables.
        path: of its file.
        list, line: where it stands.
        label, group: names; the group is empty where none is known.
        part: what its list or its row says it is for: `train`, `test`, ...; may be empty.
        problem: why it cannot be used, or an empty string.
    """

    id: str
    path: Path
    list: Path
    line: int
    label: str
    group: str
    part: str
    problem: str = ""


@dataclass
class Labelled:
    """What lists give: clips in the lists' order, class names in label order, and notes for the reader."""

    clips: list[ListedClip] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlabelled: dict[Path, int] = field(default_factory=dict)
    lists: list[LabelList] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)  # of class names


@dataclass(frozen=True)
class ReadingOptions:
    """How lists are read.

    Attributes:
        root: the data set's folder.
        format: name of the lists' format; None to recognise each.
        class_names: file of class names; None to look for one beside the lists and in the root.
        first_label: the number of the first class; None to see.
        group: regular expression on the file's name; None takes the format's own, where names follow one.
    """

    root: Path
    format: str | None = None
    class_names: Path | None = None
    first_label: int | None = None
    group: re.Pattern[str] | None = None


def read_lists(lists: Sequence[tuple[Path, str]], options: ReadingOptions) -> Labelled:
    """Return the clips of lists.

    Args:
        lists: path of each, and what it is for (`train`, `test`, ... or nothing).
        options: see there.

    Raises:
        BadRequest: a list cannot be read, or is not what it should be; names file and line.
    """
    found = Labelled(lists=[read_list(path, options.format) for path, _ in lists])
    names = _classes_of(found, options)
    spelled = [row.label for one in found.lists for row in one.rows if row.label]
    for one in found.lists:
        refuse_alike({row.label for row in one.rows if row.label}, str(one.path))
    found.classes = _in_order(names, spelled)
    for one, (path, part) in zip(found.lists, lists, strict=True):
        labelled = [row for row in one.rows if row.labelled]
        if not labelled or (len(labelled) < len(one.rows) and one.format.name == "ug2"):
            found.unlabelled[path] = len(one.rows) - len(labelled)
        else:
            labelled = list(one.rows)  # one without a label is a fault of its own
        clips, notes = _clips_of(one, labelled, part, names, options)
        found.clips += clips
        if len(lists) <= _MOST_LISTS or one is found.lists[0]:
            found.notes += notes
    if len(lists) > _MOST_LISTS:
        found.notes.append(f"  and {len(lists) - 1} more lists; {several(len(found.clips), 'clip')} in all")
    return found


def _classes_of(found: Labelled, options: ReadingOptions) -> ClassNames | None:
    """Return the names of class numbers, None where the lists have none."""
    numbered = [
        (row.number, Path(row.path.replace("\\", "/")).parent.name)
        for one in found.lists
        for row in one.rows
        if row.number is not None
    ]
    paths = [one.path for one in found.lists]
    file = options.class_names
    if not numbered:
        if file is not None:
            class_names.read_names(file)
        return None
    if file is None:
        places = [*(path.parent for path in paths), options.root, options.root / "annotations"]
        file = class_names.find_file([place for place in places if place.is_dir()], paths)
    found.files = [file] if file is not None else []
    names, notes = class_names.resolve(numbered, file, options.first_label)
    found.notes += notes
    return names


def _in_order(names: ClassNames | None, spelled: Sequence[str]) -> list[str]:
    """Return the classes that occur: by number where lists have numbers, else by name."""
    if names is None:
        return sorted(set(spelled))
    ordered = list(dict.fromkeys(names.names[number] for number in sorted(names.names)))
    return ordered + sorted(set(spelled) - set(ordered))


def _clips_of(
    one: LabelList,
    rows: Sequence[Row],
    part: str,
    names: ClassNames | None,
    options: ReadingOptions,
) -> tuple[list[ListedClip], list[str]]:
    """Return the clips of a list, and what the reader is told of it."""
    named = [(row, _label(row, names)) for row in rows]
    if not named:
        return [], []
    places = Places(options.root, one.path, named, part)
    clips = [_clip(one, row, label, part, names, places, options) for row, label in named]
    if options.group is None:
        clips = _without_odd_groups(clips)
    return clips, _shown(one, clips, places, names)


def _label(row: Row, names: ClassNames | None) -> str:
    if row.number is None or names is None:
        return row.label
    return names.names.get(row.number, "")


def _clip(
    one: LabelList,
    row: Row,
    label: str,
    part: str,
    names: ClassNames | None,
    places: Places,
    options: ReadingOptions,
) -> ListedClip:
    path, missing = places.find(row, label)
    fault = ""
    if row.number is not None and names is not None:
        fault = names.fault(row.number, Path(row.path.replace("\\", "/")).parent.name)
    group, odd = _group(one, row, path, label, options)
    where = "" if one.format.name == "csv" else f"{one.path.name} line {row.line}: "
    problem = next((f"{where}{why}" for why in (fault, missing, odd, "" if label else "no label") if why), "")
    name = name_of(path, options.root)
    return ListedClip(name, path, one.path, row.line, label, group, row.split or part, problem)


def _group(one: LabelList, row: Row, path: Path, label: str, options: ReadingOptions) -> tuple[str, str]:
    """Return a clip's group, and what is wrong with its name."""
    if row.group is not None:
        return row.group, ""
    if options.group is not None:
        match = options.group.search(path.name)
        return (match[1] or "", "") if match else ("", f"dataset.group={options.group.pattern} does not fit its name")
    if one.format is HMDB51:
        return hmdb_title(path.stem, label), ""
    match = re.search(one.format.group, path.name) if one.format.group else None
    return (match[1] if match else ""), ""


def _without_odd_groups(clips: list[ListedClip]) -> list[ListedClip]:
    """Return clips without groups where only some names follow the format's pattern: those would be guesses."""
    with_group = sum(bool(clip.group) for clip in clips)
    if with_group < len(clips) and with_group <= len(clips) / 2:
        return [replace(clip, group="") for clip in clips]
    return clips


def _shown(one: LabelList, clips: Sequence[ListedClip], places: Places, names: ClassNames | None) -> list[str]:
    """Return what the reader is told of a list before it is used: its format, and its first rows."""
    classes = len({clip.label for clip in clips if clip.label})
    of = f" (names: {names.source})" if names is not None and any(row.number is not None for row in one.rows) else ""
    groups = len({clip.group for clip in clips} - {""})
    grouped = f", {several(groups, 'group')}" if groups else ""
    head = f"{one.path}: read as {one.format.name!r} ({one.format.what}); {several(len(clips), 'clip')}"
    count = f"{classes} {'class' if classes == 1 else 'classes'}"
    lines = [f"{head}, {count}{of}{grouped}; {places.where}"]
    for clip in clips[:_SHOWN]:
        belongs = f", group {clip.group}" if clip.group else ""
        lines.append(f"  line {clip.line}: {clip.id} -> {clip.label or 'no label'}{belongs}")
    return lines


def refuse_twins(clips: Sequence[ListedClip]) -> None:
    """Refuse lists in which a clip appears more than once.

    Raises:
        BadRequest: names the clips, their lines, and their labels where these differ.
    """
    lines: dict[str, list[ListedClip]] = {}
    for clip in clips:
        lines.setdefault(clip.id, []).append(clip)
    twins = [(name, found) for name, found in lines.items() if len(found) > 1]
    if twins:
        paths = {clip.list for _, found in twins for clip in found}
        head = str(next(iter(paths))) if len(paths) == 1 else "lists"
        raise BadRequest(f"{head}:{listed([_twice(name, found, len(paths) > 1) for name, found in twins])}")


def _twice(name: str, found: Sequence[ListedClip], several_lists: bool) -> str:
    where = " and ".join(f"{clip.list.name} line {clip.line}" if several_lists else str(clip.line) for clip in found)
    times = "twice" if len(found) == 2 else f"{len(found)} times"
    labels = list(dict.fromkeys(clip.label for clip in found))
    said = " and ".join(repr(printable(label)) for label in labels)
    what = f"with different labels, {said}: keep the right one" if len(labels) > 1 else "with the same label: keep one"
    return f"{'' if several_lists else 'lines '}{where}: {printable(name)} is listed {times}, {what}"


def shared_groups(clips: Sequence[ListedClip], other: Sequence[ListedClip]) -> Mapping[str, int]:
    """Return the groups that both have, and how many clips of the first each has."""
    theirs = {clip.group for clip in other} - {""}
    shared: dict[str, int] = {}
    for clip in clips:
        if clip.group in theirs:
            shared[clip.group] = shared.get(clip.group, 0) + 1
    return shared
