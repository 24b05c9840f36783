"""Names of class numbers: from a file beside the list, or from the folders that the clips are in."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from darkhar_cli.data.label_formats.rows import lines_of, text_of
from darkhar_cli.errors import BadRequest
from darkhar_cli.names import alike, printable, refuse_alike

# What files of class names are called, in the order in which they are looked for.
_FILES = ("classInd.txt", "mapping_table*.txt", "class_names.txt", "classNames.txt", "classes.txt", "class_list.txt")
_FILES += ("label_map*.txt", "labels_map*.txt", "*class*names*.txt", "*label*map*.json", "classInd.csv", "classes.csv")
_FOLDERS_NAME = 0.8  # share of the clips whose folder has to agree for folders to name classes


@dataclass(frozen=True)
class ClassNames:
    """The classes of numbered labels.

    Attributes:
        names: by number as the list has it.
        source: what they come from, in words.
        wrong: for folders that name classes, the number of each (a clip elsewhere has a wrong label); else empty.
    """

    names: Mapping[int, str]
    source: str
    folders: Mapping[str, int] = field(default_factory=dict)

    def fault(self, number: int, folder: str) -> str:
        """Return what is wrong with a clip's number, or an empty string."""
        if number not in self.names:
            known = sorted(self.names)
            return f"class number {number} is not one of {known[0]} to {known[-1]} ({self.source})"
        other = self.folders.get(alike(folder))
        if other is not None and other != number:
            mine, theirs = self.names[number], self.names[other]
            return f"label {number} ({mine!r}), but its folder is that of {theirs!r}: one is wrong"
        return ""


def find_file(places: Sequence[Path], lists: Iterable[Path]) -> Path | None:
    """Return the file of class names in the first folder that has one; the lists themselves are none."""
    taken = {path.resolve() for path in lists}
    for folder in dict.fromkeys(places):
        for pattern in _FILES:
            found = [path for path in sorted(folder.glob(pattern)) if path.is_file() and path.resolve() not in taken]
            if found:
                return found[-1]
    return None


def read_names(path: Path) -> tuple[dict[int, str] | None, list[str]]:
    """Return names by number where the file numbers them, else None; and the names in its order.

    Lines are `0<tab>name`, `1 name`, `name,0` or just names; json maps one to the other.

    Raises:
        BadRequest: it cannot be read, or two classes have one number or one name.
    """
    text = text_of(path, "dataset.class_names")
    if path.suffix.lower() == ".json":
        pairs = _from_json(path, text)
    else:
        lines = [line.strip() for _, line in lines_of(text)]
        pairs = _pairs(lines) or (_pairs(lines[1:]) if len(lines) > 1 else [])
        if not pairs:
            _refuse_twins(path, lines)
            return None, lines
    _refuse_twins(path, [name for _, name in pairs])
    _refuse_twins(path, [str(number) for number, _ in pairs], "class number")
    return dict(pairs), [name for _, name in sorted(pairs)]


def _pairs(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return number and name of each line, or nothing where a line has none."""
    for pattern, number, name in ((r"(\d+)[\s,:]+(.+)", 1, 2), (r"(.+?)[\s,:]+(\d+)", 2, 1)):
        found = [re.fullmatch(pattern, line) for line in lines]
        if lines and all(found):
            return [(int(one[number]), one[name].strip().strip('"')) for one in found if one]
    return []


def _from_json(path: Path, text: str) -> list[tuple[int, str]]:
    try:
        made = json.loads(text)
    except ValueError as problem:
        raise BadRequest(f"{path} is not JSON: {problem}") from problem
    if isinstance(made, list) and all(isinstance(name, str) for name in made):
        return list(enumerate(made))
    if isinstance(made, dict):
        if all(isinstance(value, int) for value in made.values()):
            return [(value, name) for name, value in made.items()]
        if all(str(key).isdigit() and isinstance(value, str) for key, value in made.items()):
            return [(int(key), value) for key, value in made.items()]
    raise BadRequest(f"{path}: expected a list of names, or names and numbers")


def _refuse_twins(path: Path, values: Sequence[str], what: str = "class") -> None:
    twice = next((value for value, count in Counter(values).items() if count > 1), None)
    if twice is not None:
        raise BadRequest(f"{path}: {what} {printable(twice)!r} appears twice")
    if what == "class":
        refuse_alike(values, str(path))


def resolve(clips: Sequence[tuple[int, str]], file: Path | None, first: int | None) -> tuple[ClassNames, list[str]]:
    """Return the classes of numbered clips, and notes for the reader.

    Args:
        clips: number and folder of each clip (the folder's own name, empty where there is none).
        file: of class names; None where there is none.
        first: the number of the first class, where the user says so.

    Raises:
        BadRequest: the numbers can be read in two ways, or fit the names in none.
    """
    numbers = sorted({number for number, _ in clips})
    if file is None:
        return _by_folders(numbers, _folder_of_each(clips)), []
    named, ordered = read_names(file)
    if named is None:
        base = _first_number(file, numbers, ordered, clips, first)
        named = {base + place: name for place, name in enumerate(ordered)}
    elif first is not None and first != min(named):
        shift = first - min(named)
        named = {number + shift: name for number, name in named.items()}
    notes = []
    agree = _agreement(named, clips)
    if first is None and not agree:
        for shift in (1, -1):
            moved = {number + shift: name for number, name in named.items()}
            if _agreement(moved, clips):
                notes.append(
                    f"class numbers are counted from {min(moved)} in the list and from {min(named)} in {file.name}: "
                    "the clips' folders say so"
                )
                named, agree = moved, True
                break
    folders = {alike(name): number for number, name in named.items()} if agree else {}
    _refuse_other_numbers(file, numbers, named)
    return ClassNames(named, file.name, folders), notes


def _folder_of_each(clips: Sequence[tuple[int, str]]) -> dict[int, str]:
    """Return the folder of each number, where folders name classes: nearly all clips of one are in its own folder."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for number, folder in clips:
        counts[number][folder] += 1
    most = {number: count.most_common(1)[0] for number, count in counts.items()}
    agreeing, folders = sum(count for _, count in most.values()), {folder for folder, _ in most.values()}
    if "" in folders or len(folders) < len(most) or agreeing < _FOLDERS_NAME * len(clips):
        return {}
    return {number: folder for number, (folder, _) in most.items()}


def _agreement(named: Mapping[int, str], clips: Sequence[tuple[int, str]]) -> bool:
    """Whether nearly all clips lie in folders called like their classes; some may have wrong labels."""
    same = sum(_plain(named.get(number, "")) == _plain(folder) != "" for number, folder in clips)
    return same >= _FOLDERS_NAME * len(clips)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _by_folders(numbers: Sequence[int], majority: Mapping[int, str]) -> ClassNames:
    if majority:
        folders = {alike(folder): number for number, folder in majority.items()}
        return ClassNames(dict(sorted(majority.items())), "names of the clips' folders", folders)
    return ClassNames({number: str(number) for number in numbers}, "numbers: no file names the classes")


def _first_number(
    file: Path, numbers: Sequence[int], names: Sequence[str], clips: Sequence[tuple[int, str]], first: int | None
) -> int:
    """Return which number the first name of a file without numbers has."""
    if first is not None:
        return first
    fitting = [base for base in (0, 1) if numbers[0] >= base and numbers[-1] < base + len(names)]
    agreeing = [base for base in fitting if _agreement({base + i: name for i, name in enumerate(names)}, clips)]
    if len(agreeing) == 1 or len(fitting) == 1:
        return (agreeing if len(agreeing) == 1 else fitting)[0]
    if not fitting:
        _refuse_other_numbers(file, numbers, dict(enumerate(names)))
    raise BadRequest(
        f"{file} names {len(names)} classes without numbers, and the list has numbers {numbers[0]} to {numbers[-1]}: "
        "say whether its first class is 0 or 1 with dataset.first_label=0 or dataset.first_label=1"
    )


def _refuse_other_numbers(file: Path, numbers: Sequence[int], named: Mapping[int, str]) -> None:
    """Refuse a list whose numbers all but a few are not those of the file: it is another's, or counted otherwise."""
    strange = [number for number in numbers if number not in named]
    if numbers and len(strange) * 2 > len(numbers):
        raise BadRequest(
            f"{file} names classes {min(named)} to {max(named)}, and the list has numbers {numbers[0]} to "
            f"{numbers[-1]}; give the right file with dataset.class_names=FILE, or dataset.first_label=0|1"
        )
