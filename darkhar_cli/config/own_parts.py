"""The options of a user's own parts: their yaml files, and one made from the signature where a part has none."""

import os
import re
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256
from json import dumps
from pathlib import Path

from darkhar_cli import plugins
from darkhar_cli.config import schema
from darkhar_cli.config.quotes import items, quote_literally
from darkhar_cli.errors import BadRequest
from darkhar_cli.files.asides import write_aside
from darkhar_cli.paths import home

CONFIG_DIR = ("--config-dir", "-cd")
_OF_DATA_SETS = """data_dir: null     # null | path: where prepared data live (default: darkhar's home)
on_error: stop     # stop | skip | keep: what broken clips do to `prepare`
reverse: null      # null | mapping: what classes show when played backwards (for augment=reverse); null: unknown
"""


def taken_from(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the files of `plugins=FILE` or `plugins=[FILE,FILE]` among words, and the other words.

    A file whose name holds a comma stands alone, or is quoted: `plugins=['a,b.py',c.py]`.
    """
    given = [word for word in words if word.startswith("plugins=")]
    files = [file for word in given for file in _files(word.partition("=")[2])]
    return [file for file in files if file], [word for word in words if word not in given]


def _files(text: str) -> list[str]:
    return [text] if Path(text).expanduser().is_file() else items(text)


def words_in_use() -> list[str]:
    """Return the word that gives the files in use again, from whatever folder; none without files."""
    files = plugins.given()
    return [word_of(files)] if files else []


def word_of(files: Sequence[str]) -> str:
    """Return the word that gives these files; their names are quoted where they need it."""
    names = [file if re.fullmatch(r"[\w./~-]+", file) else quote_literally(file) for file in files]
    return f"plugins={names[0]}" if len(names) == 1 else f"plugins=[{','.join(names)}]"


def config_dir(given: str | None) -> Path | None:
    """Return the folder of `--config-dir`, absolute, if one is given.

    Raises:
        BadRequest: there is no such folder, or it may not be read.
    """
    if given is None:
        return None
    folder = Path(os.path.abspath(os.path.expanduser(given)))
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "no such folder"
        raise BadRequest(f"--config-dir {given}: {what}; give the one that holds experiment/NAME.yaml")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise BadRequest(f"--config-dir {given}: permission denied")
    return folder


def settled(words: Sequence[str]) -> list[str]:
    """Let `plugins=FILE` and `--config-dir DIR` among words add parts and options; return the other words.

    Raises:
        BadRequest: see `use` and `config_dir`.
    """
    files, words = taken_from(words)
    folder, words = folder_taken_from(words)
    use(files, config_dir(folder))
    return words


def folder_taken_from(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the folder of `--config-dir DIR`, `--config-dir=DIR` or `-cd DIR` among words, and the other words.

    Raises:
        BadRequest: the option stands without a folder.
    """
    folder, others, coming = None, [], iter(words)
    for word in coming:
        option, sign, value = word.partition("=")
        if option not in CONFIG_DIR:
            others.append(word)
        elif not sign and (after := next(coming, None)) is None:
            raise BadRequest(f"{word}: give the folder that holds experiment/NAME.yaml")
        else:
            folder = value if sign else after
    return folder, others


def use(files: Iterable[str | Path], config_dir: Path | None = None) -> list[Path]:
    """Let files, installed distributions and `config_dir`/parts give parts; return the folders of further options.

    Raises:
        BadRequest: a file that is wrong, or a part named like one of darkhar's own; names file and line.
    """
    beside = sorted((config_dir / "parts").glob("[!_]*.py")) if config_dir else []
    plugins.use([*files, *beside])
    schema.set_config_dir(config_dir)
    folders = [file.parent / "conf" for file in plugins.installed() if (file.parent / "conf").is_dir()]
    made = {}
    for part in plugins.declared():
        if (schema.CONF / part.kind / f"{part.name}.yaml").exists():
            raise BadRequest(
                f"{part.file}, line {part.line}: {part.kind} {part.name!r} is one of darkhar's own; choose another name"
            )
        own = [*([config_dir] if config_dir else []), *folders]
        if not any((folder / part.kind / f"{part.name}.yaml").exists() for folder in own):
            made[f"{part.kind}/{part.name}.yaml"] = _text(part)
    if made:
        folders.append(_written(made))
    schema.add_folders(folders)
    return folders


def _text(part: plugins.Declared) -> str:
    """Return a part's yaml, from its signature."""
    chained = part.kind in schema.CHAINS
    lines = [f"# @package {part.kind}.{part.name}"] if chained else []
    lines += [f"# {part.summary or part.name}", *([] if chained else [f"name: {part.name}"])]
    lines += [f"{name}: {dumps(default)}  # {types}: {name}" for name, types, default in part.parameters]
    text = "\n".join(lines) + "\n"
    return text + (_OF_DATA_SETS if part.kind == "dataset" else "{}\n" if chained and not part.parameters else "")


def _written(texts: dict[str, str]) -> Path:
    """Return a folder with these files, which another process may be writing too."""
    folder = home() / "plugins" / sha256(dumps(texts, sort_keys=True).encode()).hexdigest()[:12]
    for name, text in texts.items():
        if not (folder / name).is_file():
            write_aside(folder / name, partial(Path.write_text, data=text, encoding="utf-8"))
    return folder
