"""The formats that predictions come in."""

from pathlib import Path

from darkhar_cli.errors import BadRequest

FORMATS = ("table", "json", "jsonl", "csv")


def format_of(given: str | None, output: str | None) -> str:
    """Return the format that is asked for, or that a file's suffix stands for.

    Raises:
        BadRequest: a file whose suffix stands for none.
    """
    if given or output is None:
        return given or "table"
    suffix = Path(output).suffix.lower().lstrip(".")
    if suffix not in FORMATS[1:]:
        raise BadRequest(
            f"output={output}: give format=csv, json or jsonl, or a file that ends in .csv, .json or .jsonl"
        )
    return suffix
