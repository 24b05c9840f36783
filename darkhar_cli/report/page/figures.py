"""Figures that are drawn from a run's tables, and the enhancement card."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, scrolling, tag
from darkhar_cli.report.page.tables import table

_DRAWN = ("confusion_", "brightness_")  # by the page itself


def figures(drawings: Mapping[str, str]) -> Html | None:
    """Return figures (SVG documents by name) that the page does not draw itself."""
    shown = [
        tag("figure", scrolling(name.replace("_", " "), Html(svg[svg.index("<svg") :])))
        for name, svg in drawings.items()
        if not name.startswith(_DRAWN)
    ]
    return section("Figures", tag("div", shown, class_="figures")) if shown else None


def enhancement_card(card: Mapping[str, Any]) -> Html | None:
    """Return the enhancement card as run.json keeps it; nothing where it keeps none."""
    if not card:
        return None
    rows = pd.DataFrame(card["rows"], columns=card["titles"])
    clips = f"Measured on {card['clips']} clips, before and after. {card['about']}"
    return section("Enhancement card", table(rows, "enhancement card"), tag("p", clips, class_="note"))
