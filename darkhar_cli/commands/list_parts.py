"""`darkhar list [kind]`: every option with one line, and its parameters with theirs."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from darkhar_cli import console
from darkhar_cli.config import schema
from darkhar_cli.config.parameter_types import Parameter
from darkhar_cli.errors import BadRequest, unknown

KINDS = (*schema.GROUPS, "experiment")


def list_parts(words: list[str]) -> None:
    """Print the options of all kinds, or of the kinds that are named.

    Raises:
        BadRequest: no such kind.
    """
    for word in words:
        if word.startswith("-"):
            raise BadRequest(f"list has no option {word!r}; it takes kinds: {', '.join(KINDS)}")
        if word not in KINDS:
            raise unknown("kind", word, KINDS)
    for kind in words or KINDS:
        console.out.print(_table(kind, detailed=kind != "experiment"))


def _table(kind: str, detailed: bool) -> Table:
    grid = Table(title=f"{kind}=", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    shared = schema.shared_parameters(kind)
    for name, option in schema.options(kind).items():
        grid.add_row(Text(name, "bold"), "", option.summary)
        _add(grid, [one for one in option.parameters.values() if one != shared.get(one.name)] if detailed else [])
    if shared:
        grid.add_row(Text("(all)", "bold"), "", f"every {kind} also takes, unless it says otherwise above:")
        _add(grid, shared.values())
    return grid


def _add(grid: Table, parameters: Iterable[Parameter]) -> None:
    for parameter in parameters:
        typed = (f" ({' | '.join(parameter.types)})", "dim")
        about = Text.assemble(parameter.meaning, typed)
        grid.add_row("", f"{parameter.name}={_typed(parameter.default)}", about)


def _typed(value: Any) -> str:
    """Return a value as it is typed behind `key=`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_typed(one)}" for key, one in value.items()) + "}"
    return "null" if value is None else str(value)
