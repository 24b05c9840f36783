"""Where a run is right: per recording and per brightness, as dots with intervals."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan

import pandas as pd

from darkhar_cli.metrics import statistics, tables
from darkhar_cli.names import several
from darkhar_cli.report.page.intervals import Row, chart, shares
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, folded, joined, tag
from darkhar_cli.runs.run_folder import Run

_MOST = 40  # recordings that are drawn
_RECORDING = (
    "Share of right clips of each recording (group), the lowest first; each interval is Wilson's, over the clips of "
    "that one recording, so it says nothing about others."
)
_BRIGHTNESS_HEADING = "Brightness (mean luma of a clip)"
_BRIGHTNESS = (
    "Share of right clips by a clip's mean luma (0 to 255); intervals over recordings, where five or more have clips "
    "of that brightness."
)


def recordings(run: Run, chance: float) -> Html | None:
    """Return accuracy per recording of every split; nothing where clips have no groups, or predictions are gone."""
    if not (run.folder / "predictions.csv").is_file():
        return None
    predictions = run.read("predictions.csv")
    parts = [(split, _recordings(predictions, split, chance)) for split in tables.SPLITS]
    return _by_split("Per recording", _RECORDING, [(split, part) for split, part in parts if part])


def _recordings(predictions: pd.DataFrame, split: str, chance: float) -> Html | None:
    clips = tables.per_clip(predictions, split)
    groups = clips[clips["group"] != ""].groupby("group", sort=True) if len(clips) else []
    rows = []
    for name, part in groups:
        n, right = len(part), float(part["right"].sum())
        low, high = statistics.wilson(right, n)
        classes = part["label"].unique()
        what = f"{name} ({classes[0]})" if len(classes) == 1 else str(name)
        rows.append(Row(what, right / n, low, high, f"{100 * right / n:.0f} % of {several(n, 'clip')}"))
    if not rows:
        return None
    rows.sort(key=lambda row: row.value)
    note = f"The lowest {_MOST} of {len(rows)} are drawn; all follow from predictions.csv."
    return joined(
        chart(rows[:_MOST], shares(chance), f"share of right clips per recording, {split}"),
        tag("p", note, class_="note") if len(rows) > _MOST else None,
    )


def brightness(run: Run, chance: float) -> Html | None:
    """Return accuracy by the clips' mean luma of every split; nothing where that is not known."""
    table = run.read("metrics/brightness.csv")
    parts = []
    for split in dict.fromkeys(table["split"]):
        bins = table[(table["split"] == split) & (table["n"] > 0)]
        rows = [_bin(row) for _, row in bins.iterrows()]
        if rows:
            parts.append((str(split), chart(rows, shares(chance), f"share of right clips by brightness, {split}")))
    return _by_split(_BRIGHTNESS_HEADING, _BRIGHTNESS, parts)


def brightness_of_jobs(jobs: Sequence[tuple[str, Run]], chance: float) -> Html | None:
    """Return accuracy by the clips' mean luma of the validation clips of several runs (name, run), bin by bin."""
    bins: dict[str, list[Row]] = {}
    for name, run in jobs:
        table = run.read("metrics/brightness.csv")
        for _, row in table[(table["split"] == tables.SPLITS[0]) & (table["n"] > 0)].iterrows():
            of_bin = _bin(row)
            bins.setdefault(of_bin.name, []).append(replace(of_bin, name=name))
    if not bins:
        return None
    drawn = [joined(tag("h3", name), chart(rows, shares(chance), name)) for name, rows in bins.items()]
    return section(_BRIGHTNESS_HEADING, tag("p", f"{tables.SPLITS[0]} clips. {_BRIGHTNESS}", class_="note"), drawn)


def _bin(row: pd.Series) -> Row:
    value, low, high = (_number(row.get(name, "")) for name in ("accuracy", "lower", "upper"))
    name = f"luma {row['low']} to {row['high']}"
    return Row(name, value, low, high, f"{100 * value:.0f} % of {several(int(row['n']), 'clip')}")


def _number(value: object) -> float:
    return nan if value == "" or pd.isna(value) else float(str(value))


def _by_split(heading: str, about: str, parts: list[tuple[str, Html]]) -> Html | None:
    """Return a section whose first split is open."""
    if not parts:
        return None
    (first, drawn), *others = parts
    return section(
        heading,
        tag("p", f"{first} clips. {about}", class_="note"),
        drawn,
        [folded(f"{split} clips", part) for split, part in others],
    )
