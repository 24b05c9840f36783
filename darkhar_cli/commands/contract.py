"""What a verb says of itself, and where verbs are found: one file of this folder each, named like the verb.

A file imports what is heavy inside its functions, so that help, completion and a misspelt verb import all files and
still answer at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from darkhar_cli.errors import BadRequest, nearest

_BESIDE = 52  # columns of a command in help at most for what it does to stand beside it, not below


@dataclass(frozen=True)
class Verb:
    """One verb of the command line.

    Attributes:
        name: what is typed; also the file's name.
        summary: one line for `darkhar --help`.
        place: where it stands in help: 10 and up train, 20 clips, 30 results, 40 options and storage.
        takes: what it takes besides options, in words: the end of "...; it takes".
        keys: of the settings that it takes as `key=value`; `dataset.` stands for every key that begins so. Empty where
            Hydra reads them.
        examples: commands without `darkhar`, and what each does; at least three.
        run: does the work for the words behind the verb; returns an exit code, or None for 0.
        notes: what else a user has to know.
        words: that it takes without `=`.
        bare: whether it does something without any word; else it prints its help.
        hydra: whether Hydra reads its words, and adds its choices to the help.
    """

    name: str
    summary: str
    place: int
    takes: str
    keys: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]
    run: Callable[[list[str]], int | None]
    notes: str = ""
    words: tuple[str, ...] = ()
    bare: bool = True
    hydra: bool = False

    def help(self) -> str:
        """Return what `darkhar VERB --help` prints."""
        lines = [f"darkhar {self.name}: {self.summary}", ""]
        shown = [f"  darkhar {command}  " for command, _ in self.examples]
        width = max((len(one) for one in shown if len(one) <= _BESIDE), default=8)
        for command, (_, does) in zip(shown, self.examples, strict=True):
            beside = len(command) <= width
            lines += [f"{command:{width}}{does}"] if beside else [command.rstrip(), f"{'':{width}}{does}"]
        return "\n".join([*lines, "", *([self.notes.strip("\n"), ""] if self.notes else [])])

    def refusal(self, word: str) -> BadRequest:
        """Return the refusal of a word that this verb does not know, with what it takes and the nearest match."""
        key = word.partition("=")[0].partition(".")[0].lstrip("-+~")
        known = [*self.words, *(one.rstrip(".") for one in self.keys)]
        return BadRequest(f"{self.name} does not know {word!r}; it takes {self.takes}{nearest(key, known)}")

    def completions(self) -> Sequence[str] | None:
        """Return what tab completion offers behind this verb; None where Hydra knows."""
        return None if self.hydra else [*self.words, *(key if key.endswith(".") else f"{key}=" for key in self.keys)]

    def knows(self, word: str) -> bool:
        """Whether a word is a setting, `key=value`, of a key that this verb takes."""
        key, sign, _ = word.partition("=")
        return bool(sign) and any(key == one or (one.endswith(".") and key.startswith(one)) for one in self.keys)

    def run_and_settings(self, words: Sequence[str]) -> tuple[Path, dict[str, str]]:
        """Return the one run folder that words name, and the settings beside it.

        Raises:
            BadRequest: an unknown word, no folder or several.
        """
        given = [
            word for word in words if word.startswith("-") or ("=" in word and not Path(word).expanduser().exists())
        ]
        for word in given:
            if not self.knows(word):
                raise self.refusal(word)
        folders = [word for word in words if word not in given]
        if len(folders) != 1:
            named = f", not {len(folders)}: {', '.join(folders)}" if folders else ""
            raise BadRequest(f"{self.name} takes one run folder{named}; for instance outputs/train/NAME")
        return Path(folders[0]).expanduser(), {key: value for key, _, value in (word.partition("=") for word in given)}


def names() -> list[str]:
    """Return the names of all verbs, in alphabetical order."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if path.stem != "contract")


def verbs() -> Sequence[Verb]:
    """Return all verbs in the order of help."""
    return sorted(map(_load, names()), key=lambda verb: verb.place)


def find(name: str) -> Verb:
    """Return a verb by name.

    Raises:
        BadRequest: there is none; with those there are and the nearest match.
    """
    if name not in names():
        known = [verb.name for verb in verbs()]
        raise BadRequest(f"unknown verb {name!r}; choose from {', '.join(known)}{nearest(name, known)}")
    return _load(name)


def _load(name: str) -> Verb:
    return import_module(f"{__package__}.{name}").VERB
