"""Confusion of a split: each true class's clips by what they were taken for, in percent, beside the counts."""

import numpy as np
import pandas as pd

from darkhar_cli.files.tables import column_of
from darkhar_cli.report.page.layout import section
from darkhar_cli.report.page.markup import Html, folded, joined, scrolling, tag
from darkhar_cli.report.page.tables import table
from darkhar_cli.runs.run_folder import Run

_MOST = 30  # classes; of more, the pairs that are confused most are listed
_PAIRS = 25


def confusion(run: Run) -> Html:
    """Return the confusion of every split, the first one open."""
    whole = run.read("metrics/confusion.csv")
    shown = [(str(split), _of_split(whole[whole["split"] == split])) for split in dict.fromkeys(whole["split"])]
    first, *others = shown
    return section(
        "Confusion",
        tag("p", f"{first[0]} clips: rows are the true class, columns what was predicted.", class_="note"),
        first[1],
        [folded(f"confusion of {split} clips", part) for split, part in others],
    )


def clips_in_words(count: float) -> str:
    """Return a count of clips, which folds may have divided, in few characters."""
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


def _of_split(part: pd.DataFrame) -> Html:
    names = part["label"].tolist()
    counts = part[list(map(column_of, names))].to_numpy(float)
    totals = counts.sum(axis=1)
    shares = counts / totals.clip(min=1e-9)[:, None]
    if len(names) > _MOST:
        return _pairs(names, counts, shares)
    head = tag("tr", tag("th", "true"), [tag("th", name) for name in names], tag("th", "clips"))
    rows = []
    for i, name in enumerate(names):
        cells = [_cell(counts[i, j], shares[i, j], i == j) for j in range(len(names))]
        clips = tag("td", clips_in_words(totals[i]), style="--share:0")
        rows.append(tag("tr", tag("th", name, dir="auto"), cells, clips))
    return scrolling("confusion", tag("table", tag("thead", head), tag("tbody", rows), class_="confusion"))


def _cell(count: float, share: float, right: bool) -> Html:
    text = joined(f"{100 * share:.0f} %", tag("small", clips_in_words(count))) if count else None
    return tag("td", text, style=f"--share:{share:.3f}", class_="right" if right else None)


def _pairs(names: list[str], counts: np.ndarray, shares: np.ndarray) -> Html:
    wrong = [(counts[i, j], i, j) for i in range(len(names)) for j in range(len(names)) if i != j and counts[i, j]]
    rows = [
        (names[i], names[j], clips_in_words(count), f"{100 * shares[i, j]:.0f} %")
        for count, i, j in sorted(wrong, key=lambda one: (-one[0], one[1], one[2]))[:_PAIRS]
    ]
    columns = ["true", "taken for", "clips", "of the class"]
    note = f"{len(names)} classes: the {len(rows)} pairs that are confused most; all are in metrics/confusion.csv."
    return joined(tag("p", note, class_="note"), table(pd.DataFrame(rows, columns=columns), "pairs confused most"))
