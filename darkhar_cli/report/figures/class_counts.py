"""How many clips, of how many groups, each class has."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from darkhar_cli.names import several
from darkhar_cli.report.figures.style import INK, SERIES, styled
from darkhar_cli.runs.run_folder import Run


def draw_run(run: Run) -> Figure:
    """Return the counts of a run's scored clips by split."""
    scored = run.read("predictions.csv")
    return draw(scored[~scored["split"].str.endswith(("darkened", "background"))])  # the same clips once more


@styled
def draw(clips: pd.DataFrame) -> Figure:
    """Return clips by class and split as bars.

    Args:
        clips: `id`, `label`, `split`, and `group` (empty where it is not known).
    """
    once = clips.drop_duplicates(["split", "id"])
    names = sorted(set(once["label"]))
    splits = sorted(set(once["split"]), key=lambda split: (split == "test", split))
    height, width = 1.1 + 0.3 * len(names) * max(1, 0.7 * len(splits)), 0.8 / len(splits)
    figure = Figure(figsize=(6.4, height), layout="constrained", label="clips by class")
    axes = figure.add_subplot()
    for number, split in enumerate(splits):
        part = once[once["split"] == split].groupby("label")
        counts = part.size().reindex(names, fill_value=0)
        groups = part["group"].agg(lambda g: g[g != ""].nunique()).reindex(names, fill_value=0)
        places = np.arange(len(names)) - 0.4 + (number + 0.5) * width
        bars = axes.barh(places, counts, 0.9 * width, color=SERIES[number], label=split)
        words = [f"{n} in {several(g, 'group')}" if g else str(n) for n, g in zip(counts, groups, strict=True)]
        axes.bar_label(bars, words, color=INK, fontsize=8, padding=2)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="clips", ylim=(len(names) - 0.5, -0.5), title=f"{several(len(once), 'clip')}, {len(names)} classes")
    axes.margins(x=0.22)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", integer=True)
    if len(splits) > 1:
        figure.legend(loc="outside lower center", ncols=len(splits))
    return figure
