"""Names that users give (files, folders, classes): printable once and for all, and never two for one thing.

What leaves here is one line of valid Unicode, so that no table, figure, page, record or terminal meets anything else.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from omegaconf import OmegaConf

from darkhar_cli.errors import BadRequest, nearest, unknown

# Control characters, line and paragraph separators, what turns the direction of a whole line, halves of surrogate
# pairs (Python's stand-ins for bytes that are not UTF-8), and what XML forbids.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        code -= 0xDC00
    return _SHORT.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def printable(text: str) -> str:
    r"""Return a text as one printable line: `\n`, `\r`, `\t`, `\xff`, `\u202e` stand for what cannot be shown."""
    return _UNPRINTABLE.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """Return a text of several lines with each line printable."""
    return "\n".join(map(printable, text.split("\n")))


def alike(name: str) -> str:
    """Return what a name has in common with those that a reader would take for it: no case, no extra spaces."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    seen = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).split())


def unreferring(text: str) -> str:
    """Return a text that a configuration reads as it is, though it holds what would refer to another setting."""
    return re.sub(r"(\\*)\$\{", lambda found: f"{2 * found[1]}\\${{", text)


def refuse_alike(names: Iterable[str], where: str) -> None:
    """Refuse class names that a reader would take for the same.

    Args:
        names: as they stand in the data set, spaces around them included.
        where: that is.

    Raises:
        BadRequest: names both.
    """
    seen: dict[str, str] = {}
    for name in sorted(set(names)):
        other = seen.setdefault(alike(name), name)
        if other != name:
            raise BadRequest(
                f"{where}: class '{printable(name)}' is all but class '{printable(other)}': they differ in case, "
                f"spaces or invisible characters alone; did you mean '{printable(other.strip())}'? Give both one name"
            )


def class_named(value: Any, classes: Sequence[str], where: str) -> str:
    """Return the class that a word of a configuration means, a word that yaml takes for a number or a truth included.

    Args:
        value: `walk`, or 1, 1.0, True, None where classes are called `01`, `1e0`, `true`, `null`.
        classes: all of them.
        where: the word stands, for the message.

    Raises:
        BadRequest: no such class, or several could be meant.
    """
    if isinstance(value, str) and value in classes:
        return value
    same = [name for name in classes if name == str(value)]
    same = same or [name for name in classes if type(read := _as_yaml(name)) is type(value) and read == value]
    if len(same) == 1:
        return same[0]
    if same:
        raise BadRequest(f"{where}: {value!r} could be each of the classes {', '.join(map(repr, same))}")
    raise unknown(f"class in {where}", value, classes)


def _as_yaml(name: str) -> Any:
    try:
        made: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"x={name}"]))
        return made["x"]
    except Exception:  # no yaml at all
        return name


def reversed_names(requested: Mapping[Any, Any], classes: Sequence[str]) -> dict[str, str | None]:
    """Return `dataset.reverse` by the names of classes; null says that a class shows none of them backwards.

    A pair is left out where both are like no class: a part of a data set may lack actions that its options name.

    Raises:
        BadRequest: a name that is no class.
    """
    where = "dataset.reverse"
    return {
        class_named(a, classes, where): None if b is None and "null" not in classes else class_named(b, classes, where)
        for a, b in requested.items()
        if not (isinstance(a, str) and isinstance(b, str) and all(_like_none(name, classes) for name in (a, b)))
    }


def _like_none(name: str, classes: Sequence[str]) -> bool:
    return name not in map(str, classes) and not nearest(name, classes)


def several(count: int, noun: str, behind: str = "", verb: bool = False) -> str:
    """Return `1 clip`, `2 clips`, and where asked for what stands behind and the verb: `1 clip in all is`."""
    one = count == 1
    words = [f"{count} {noun}{'' if one else 's'}", behind, ("is" if one else "are") if verb else ""]
    return " ".join(filter(None, words))


def unreferring_in(node: Any) -> Any:
    """Return a resolved configuration whose texts are read back as they are."""
    if isinstance(node, Mapping):
        return {key: unreferring_in(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [unreferring_in(value) for value in node]
    return unreferring(node) if isinstance(node, str) else node
