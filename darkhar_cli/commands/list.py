"""`darkhar list [kind [name]]`: every option with one line, and where a kind is named its parameters with theirs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, nearest, unknown

if TYPE_CHECKING:
    from rich.table import Table

    from darkhar_cli.config.parameter_types import Parameter


def run(words: list[str]) -> None:
    """Print the options of all kinds, each with one line; of kinds or options that are named with their parameters.

    With `--json` the schema of all, or of the kinds that are named, as JSON Schema.

    Raises:
        BadRequest: no such kind, or no such option of the kind before it.
    """
    from darkhar_cli import console
    from darkhar_cli.config import own_parts, schema

    kinds = (*schema.GROUPS, "experiment")
    words = own_parts.settled(words)
    as_json, words = "--json" in words, [word for word in words if word != "--json"]
    for word in words:
        if word.startswith("-"):
            close = nearest(word, ["--json"])
            raise BadRequest(f"list has no option {word!r}; it takes --json and kinds: {', '.join(kinds)}{close}")
    named = _by_kind(words, kinds)
    if as_json:
        if any(named.values()):
            raise BadRequest(
                f"--json takes whole kinds, not {', '.join(word for one in named.values() for word in one)}"
            )
        _print_json(list(named))
        return
    for kind, names in named.items() if named else dict.fromkeys(kinds, ()).items():
        console.out.print(_table(kind, names, detailed=bool(named) and kind != "experiment"))
    if not named:
        console.note("parameters and their meaning: darkhar list KIND, or darkhar list KIND NAME")


def _by_kind(words: Sequence[str], kinds: Sequence[str]) -> dict[str, list[str]]:
    """Return the kinds that are named, each with the options named behind it.

    Raises:
        BadRequest: no such kind, or no such option.
    """
    from darkhar_cli.config import schema

    named: dict[str, list[str]] = {}
    for word in words:
        last = next(reversed(named), None)
        if word in kinds and not (last and word in schema.options(last)):
            named.setdefault(word, [])
        elif last is None:
            raise unknown("kind", word, kinds)
        elif word in schema.options(last):
            named[last].append(word)
        else:
            known = [*schema.options(last), *kinds]
            exist = ", ".join(schema.options(last))
            raise BadRequest(f"unknown {last} or kind {word!r}; {last} has {exist}{nearest(word, known)}")
    return named


def _print_json(kinds: list[str]) -> None:
    """Print the JSON Schema of a configuration, or of the groups that are named."""
    import json

    from darkhar_cli.config import json_schema, schema

    if "experiment" in kinds:
        raise BadRequest(f"an experiment sets what groups have; --json takes {', '.join(schema.GROUPS)}")
    print(json.dumps(json_schema.configuration_schema(kinds or schema.GROUPS), indent=2))


def _table(kind: str, names: Sequence[str], detailed: bool) -> "Table":
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
        if names and name not in names:
            continue
        origin = f" (from {origins[name]})" if name in origins else ""
        grid.add_row(Text(name, "bold"), "", f"{option.summary}{origin}")
        _add(grid, [one for one in option.parameters.values() if one != shared.get(one.name)] if detailed else [])
    if shared and detailed:
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
    summary="show every option with a line each, or what a kind's options take",
    place=40,
    takes="kinds, options of the kind before, --json, plugins=FILE and --config-dir DIR",
    keys=(),
    examples=(
        ("list", "every option of every kind, a line each"),
        ("list enhance", "the enhancements and their parameters"),
        ("list enhance gamma", "one of them"),
        ("list dataset cv", "data sets, and the ways to divide them"),
        ("list --json", "the schema of a whole configuration, as JSON Schema"),
    ),
    run=run,
)
