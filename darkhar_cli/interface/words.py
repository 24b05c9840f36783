"""Words of a request, as the command line takes them, from Python: checked, and what is printed meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import Any

from darkhar_cli import ambient, console
from darkhar_cli.errors import BadRequest

Place = str | PathLike[str]


@contextmanager
def printing(show: bool, quiet: bool) -> Iterator[None]:
    """Print tables only with `show`, and notes and progress only without `quiet`; as before when it ends."""
    before, tables = console.is_quiet(), console.out.quiet
    console.set_quiet(quiet)
    console.out.quiet = not show
    try:
        ambient.refuse_lost_folder()
        ambient.prepare_environment()
        yield
    finally:
        console.set_quiet(before)
        console.out.quiet = tables


def checked(words: Sequence[str], what: str) -> list[str]:
    """Return words, each a choice or a setting.

    Raises:
        BadRequest: a word that is none, as an option of the command line.
    """
    for word in words:
        if not isinstance(word, str) or ("=" not in word.lstrip("-") and not word.startswith("~")) or word[:1] == "-":
            raise BadRequest(
                f"{what} takes choices and settings as on the command line ('enhance=gamma', 'train.epochs=50'), "
                f"not {word!r}"
            )
    return list(words)


def configuration(words: Sequence[str], what: str, config_dir: Place | None = None) -> dict[str, Any]:
    """Return the checked configuration that words stand for.

    Raises:
        BadRequest: a word, name or value that is not valid.
    """
    from darkhar_cli.launch import app

    return app.configuration(checked(words, what), config_dir)
