"""`darkhar list [kind]`: every option with one line, and its parameters with theirs."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, nearest, unknown

if TYPE_CHECKING:
    from rich.table import Table

    from darkhar_cli.config.parameter_types import Parameter


def run(words: list[str]) -> None:
    """Print the options of all kinds, or of the kinds that are named; with `--json` as JSON Schema.

    Raises:
        BadRequest: no such kind.
    """
    from darkhar_cli import console
    from darkhar_cli.config import schema

    kinds = (*schema.GROUPS, "experiment")
    words = _outside(words)
    as_json, words = "--json" in words, [word for word in words if word != "--json"]
    for word in words:
        if word.startswith("-"):
            close = nearest(word, ["--json"])
            raise BadRequest(f"list has no option {word!r}; it takes --json and kinds: {', '.join(kinds)}{close}")
        if word not in kinds:
            raise unknown("kind", word, kinds)
    if as_json:
        _print_json(words)
        return
    for kind in words or kinds:
        console.out.print(_table(kind, detailed=kind != "experiment"))


def _print_json(kinds: list[str]) -> None:
    """Print the JSON Schema of a configuration, or of the groups that are named."""
    import json

    from darkhar_cli.config import json_schema, schema

    if "experiment" in kinds:
        raise BadRequest(f"an experiment sets what groups have; --json takes {', '.join(schema.GROUPS)}")
    print(json.dumps(json_schema.configuration_schema(kinds or schema.GROUPS), indent=2))


def _outside(words: list[str]) -> list[str]:
    """Let `plugins=FILE` and `--config-dir=DIR` add parts; return the other words."""
    from pathlib import Path

    from darkhar_cli.config import own_parts

    files, words = own_parts.taken_from(words)
    folder = next((word.partition("=")[2] for word in words if word.startswith("--config-dir=")), None)
    own_parts.use(files, Path(folder).expanduser().absolute() if folder else None)
    return [word for word in words if not word.startswith("--config-dir=")]


def _table(kind: str, detailed: bool) -> "Table":
    from rich.table import Table
    from rich.text import Text

    from darkhar_cli import plugins
    from darkhar_cli.config import schema

    grid = Table(title=f"{kind}=", title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    origins = {part.name: part.origin for part in plugins.declared() if part.kind == kind}
    shared = schema.shared_parameters(kind)
    for name, option in schema.options(kind).items():
        origin = f" (from {origins[name]})" if name in origins else ""
        grid.add_row(Text(name, "bold"), "", f"{option.summary}{origin}")
        _add(grid, [one for one in option.parameters.values() if one != shared.get(one.name)] if detailed else [])
    if shared:
        grid.add_row(Text("(all)", "bold"), "", f"every {kind} also takes, unless it says otherwise above:")
        _add(grid, shared.values())
    return grid


def _add(grid: "Table", parameters: "Iterable[Parameter]") -> None:
    from rich.text import Text

    for parameter in parameters:
        typed = (f" ({' | '.join(parameter.types)})", "dim")
        about = Text.assemble(parameter.meaning, typed)
        grid.add_row("", f"{parameter.name}={_typed(parameter.default)}", about)


def _typed(value: Any) -> str:
    """Return a value as it is typed behind `key=`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_typed(one)}" for key, one in value.items()) + "}"
    return "null" if value is None else str(value)


VERB = Verb(
    name="list",
    summary="show every option, its parameters and their meaning",
    place=40,
    takes="kinds and --json",
    keys=(),
    examples=(
        ("list", "every option of every kind"),
        ("list enhance", "the enhancements and their parameters"),
        ("list dataset cv", "data sets, and the ways to divide them"),
        ("list --json", "the schema of a whole configuration, as JSON Schema"),
    ),
    run=run,
)
