"""HTML in which every text is escaped: what is no `Html` cannot reach a page as markup.

A page is small and has no designers, so that its parts are functions and no template language is installed for it.
"""

from html import escape
from typing import Any


class Html(str):
    """A piece of markup, finished."""


_VOID = ("img", "meta", "br")


def tag(name: str, /, *children: Any, **attributes: Any) -> Html:
    """Return an element.

    Args:
        name: of the element.
        children: texts, which are escaped, finished markup, lists of both, or None, which is nothing.
        attributes: `class_` is `class`, `aria_label` is `aria-label`; None and False are left out, True has no value.
    """
    words = [name]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{escape(str(value))}"')
    opened = f"<{' '.join(words)}>"
    return Html(opened if name in _VOID else f"{opened}{joined(*children)}</{name}>")


def joined(*children: Any) -> Html:
    """Return children one after the other; texts among them are escaped."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, list | tuple):
            parts.append(joined(*child))
        else:
            parts.append(child if isinstance(child, Html) else escape(str(child)))
    return Html("".join(parts))


def scrolling(label: str, *children: Any) -> Html:
    """Return what is wider than a narrow screen in a frame of its own that scrolls."""
    return tag("div", *children, class_="scroll", tabindex="0", role="region", aria_label=label)


def folded(summary: str, *children: Any) -> Html:
    """Return what a reader unfolds."""
    return tag("details", tag("summary", summary), *children)
