"""A page as one file: nothing is fetched, and it is whole without a script."""

from collections.abc import Iterable, Sequence

from darkhar_cli.report.page.markup import Html, joined, tag
from darkhar_cli.report.page.style import SCRIPT, STYLE


def page(title: str, kind: str, warnings: Iterable[str], *sections: Html | None) -> str:
    """Return a whole HTML document.

    Args:
        title: of the page and its first heading.
        kind: the line below the heading: what this is a page of.
        warnings: what limits the numbers, above the first of them.
        sections: in order; None is nothing.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content="darkhar"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "body",
        tag("header", tag("h1", title), tag("p", kind, class_="about")),
        tag("main", _box(warnings), *sections),
        tag("script", Html(SCRIPT)),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _box(warnings: Iterable[str]) -> Html | None:
    """Return what must be known of the numbers as a prominent box, or nothing."""
    items = [tag("li", text) for text in dict.fromkeys(warnings)]
    if not items:
        return None
    return tag("div", tag("h2", "What limits these numbers"), tag("ul", items), class_="warnings", role="alert")


def section(heading: str, *children: Html | str | Sequence[Html] | None) -> Html:
    """Return a heading and what belongs to it."""
    return joined(tag("h2", heading), *children)
