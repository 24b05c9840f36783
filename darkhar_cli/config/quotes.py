"""Free text as a word of Hydra's: quoted, and read back."""

import re

from darkhar_cli.names import unreferring

_QUOTED = re.compile(r"'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"")
_ITEM = re.compile(rf"\s*({_QUOTED.pattern}|[^,]+?)\s*(?:,|$)")


def quote(value: str) -> str:
    """Quote a text for Hydra."""
    # Hydra reads a backslash as one unless a quotation mark, the last one included, stands behind it
    return "'" + re.sub(r"(\\*)(\'|$)", lambda found: 2 * found[1] + found[2].replace("'", "\\'"), value) + "'"


def quote_literally(value: str) -> str:
    """Quote a text for Hydra in which `${` refers to nothing."""
    return quote(unreferring(value))


def items(text: str) -> list[str]:
    """Return what stands between the commas of `a,b` or `[a,b]`; quoted, an item may hold a comma itself."""
    inner = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
    return [_unquoted(found[0]) for found in _ITEM.findall(inner)]


def _unquoted(item: str) -> str:
    """Return what `quote_literally` was given; a text without quotation marks stands for itself."""
    if not _QUOTED.fullmatch(item):
        return item
    mark = re.escape(item[0])
    return re.sub(rf"(\\+)({mark}|\$\{{|$)", lambda found: "\\" * (len(found[1]) // 2) + found[2], item[1:-1])
