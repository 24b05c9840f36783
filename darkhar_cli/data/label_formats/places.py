"""Where the clips of a list are: whatever folder its paths are relative to, with or without their suffix."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkhar_cli.data.label_formats.rows import Row
from darkhar_cli.data.listing import relative, why_no_file
from darkhar_cli.data.video_suffixes import VIDEO

_SAMPLED = 40  # rows that decide which folder paths are relative to
_SUBFOLDERS = 60  # looked into at most


@dataclass(frozen=True)
class Rule:
    """One way in which a list's paths may be meant: below a folder, in a folder for each class, or cut in front."""

    words: str
    base: Path
    by_class: bool = False
    cut: int = 0

    def place(self, row: Row, label: str) -> Path:
        """Return where a row's clip would be."""
        if self.cut:
            return self.base.joinpath(*_parts(row.path)[self.cut :] or [row.path])
        return self.base / label / row.path if self.by_class else self.base / row.path


class Places:
    """Finds the clips of one list.

    Args:
        root: the data set's folder.
        path: of the list.
        rows: with the name of each row's class.
        part: what the list is for (`train`, `test`): of several folders that fit, one called so is preferred.
    """

    def __init__(self, root: Path, path: Path, rows: Sequence[tuple[Row, str]], part: str = ""):
        self.root = root
        self._stems: dict[Path, dict[str, list[Path]]] = {}
        step = max(1, len(rows) // _SAMPLED)
        sampled = rows[::step][: 2 * _SAMPLED]
        best: tuple[int, Rule] | None = None
        for rule in self._rules(path, rows, part):
            found = sum(not self._why_not(rule, row, label) for row, label in sampled)
            if best is None or found > best[0]:
                best = (found, rule)
            if found == len(sampled):
                break
        assert best is not None
        self.where, self._rule = best[1].words, best[1]

    def find(self, row: Row, label: str) -> tuple[Path, str]:
        """Return the clip of a row and why it is no file, or an empty string."""
        for name in _spellings(row):
            place, problem = self._with_suffix(self._rule.place(_called(row, name), label))
            if not problem:
                return place, ""
        return place, problem

    def _why_not(self, rule: Rule, row: Row, label: str) -> bool:
        return all(self._with_suffix(rule.place(_called(row, name), label))[1] for name in _spellings(row))

    def _rules(self, path: Path, rows: Sequence[tuple[Row, str]], part: str) -> list[Rule]:
        root, beside, own = self.root, path.parent, path.with_suffix("")
        bases = {"dataset.root": root, "the list's folder": beside, f"{own.name}/": own}
        subfolders = [folder for folder in sorted(root.glob("*"))[:_SUBFOLDERS] if folder.is_dir()]
        subfolders.sort(key=lambda folder: not (part and part in folder.name.casefold()))
        bases |= {f"{folder.name}/": folder for folder in subfolders}
        rules = [Rule(f"paths are relative to {what}", base) for what, base in bases.items()]
        rules += [Rule(f"clips are in {what} by class", base, by_class=True) for what, base in bases.items()]
        deepest = max((len(_parts(row.path)) for row, _ in rows[:_SAMPLED]), default=0)
        for cut in range(1, min(deepest, 8)):
            words = f"the first {cut} folders of paths are not here: the rest is taken under dataset.root"
            rules.append(Rule(words, root, cut=cut))
        return rules

    def _with_suffix(self, place: Path) -> tuple[Path, str]:
        """Return where a clip is, spaces around its name and a missing suffix allowed for, and why it is no file."""
        why = why_no_file(place)
        if not why:
            return place, ""
        stripped = place.with_name(place.name.strip()) if place.name.strip() else place
        stripped = Path(str(stripped).strip()) if str(stripped) != str(stripped).strip() else stripped
        if stripped != place and not why_no_file(stripped):
            return stripped, ""
        named = stripped.suffix.lower() in VIDEO
        same = self._same_stem(stripped.parent, stripped.stem if named else stripped.name)
        if not named and len(same) == 1:
            return same[0], ""
        if len(same) > 1 and not named:
            return place, f"several files fit: {', '.join(path.name for path in same[:4])}"
        hint = f" ({same[0].name} is there)" if same and why == "no such file" else ""
        return place, f"{why}{hint}"

    def _same_stem(self, folder: Path, stem: str) -> list[Path]:
        if folder not in self._stems:
            stems: dict[str, list[Path]] = defaultdict(list)
            try:
                for path in sorted(folder.iterdir()):
                    if path.suffix.lower() in VIDEO:
                        stems[path.stem].append(path)
            except OSError:
                pass
            self._stems[folder] = stems
        return self._stems[folder].get(stem, [])


def _spellings(row: Row) -> tuple[str, ...]:
    """Return what a row's clip may be called: as written, and without spaces around."""
    given = row.names or (row.path,)
    return tuple(dict.fromkeys((*given, *(name.strip() for name in given if name.strip()))))


def _called(row: Row, name: str) -> Row:
    return row if name == row.path else Row(row.line, name, row.label, row.split, row.group, row.number)


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]


def name_of(path: Path, root: Path) -> str:
    """Return what a clip is called in tables."""
    return relative(path, root)
