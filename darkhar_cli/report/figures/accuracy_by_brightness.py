"""Accuracy by how bright clips are, with intervals."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from darkhar_cli.names import several
from darkhar_cli.report.figures.style import BLUE, MUTED, styled
from darkhar_cli.runs.run_folder import Run


def _rows(run: Run, split: str) -> pd.DataFrame:
    """Return the bins of a split that have clips, numbers as numbers."""
    path = run.folder / "metrics" / "brightness.csv"
    if not path.is_file():
        return pd.DataFrame()
    table = run.read("metrics/brightness.csv")
    part = table[(table["split"] == split) & (table["n"] > 0)]
    numbers = ("accuracy", "lower", "upper")
    return part.assign(**{name: pd.to_numeric(part.get(name), errors="coerce") for name in numbers})


def known(run: Run, split: str) -> bool:
    """Whether the brightness of a split's clips is known."""
    return len(_rows(run, split)) > 0


@styled
def draw(run: Run, split: str) -> Figure:
    """Return the accuracy in each bin of mean luma as a dot with its 95 % interval; empty bins are not shown."""
    rows = _rows(run, split)
    figure = Figure(figsize=(5.6, 3.2), layout="constrained", label=f"accuracy of {split} clips by brightness")
    axes = figure.add_subplot()
    places, accuracy = np.arange(len(rows)), 100 * rows["accuracy"].to_numpy(float)
    ends = np.abs(100 * rows[["lower", "upper"]].to_numpy(float).T - accuracy)
    some = np.isfinite(ends).all(axis=0)
    axes.errorbar(places[some], accuracy[some], ends[:, some], fmt="none", ecolor=BLUE, elinewidth=1.6, capsize=4)
    axes.plot(places, accuracy, "o", color=BLUE, ms=7)
    words = [f"{row.low:g} to {row.high:g}\n{several(row.n, 'clip')}" for row in rows.itertuples()]
    axes.set_xticks(places, words)
    axes.set(xlabel="mean luma of the clip (0 to 255)", ylabel="accuracy, %", ylim=(-3, 103))
    axes.set_xlim(-0.6, len(rows) - 0.4)
    title = f"{split}: accuracy by brightness"
    axes.set_title(f"{title}, 95 % intervals" if some.all() else f"{title} (no interval below five groups)")
    summary = run.read("metrics/summary.csv")
    chance = pd.to_numeric(summary.loc[summary["split"] == split, "chance"], errors="coerce").dropna()
    if len(chance):
        axes.axhline(100 * chance.iloc[0], color=MUTED, ls="--", lw=1)
        place = len(rows) - 0.42, 100 * chance.iloc[0] + 1
        axes.text(*place, "chance", color=MUTED, ha="right", va="bottom", fontsize=8)
    return figure
