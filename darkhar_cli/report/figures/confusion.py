"""Confusion: what clips of each class are taken for."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from darkhar_cli.files.tables import column_of
from darkhar_cli.report.figures.style import BLUE, GROUND, INK, styled
from darkhar_cli.runs.run_folder import Run

_MOST_ZEROS = 30  # classes: of more, only counts above zero are written (200 classes have 40,000 places)
_MOST_SHARES = 15  # classes: of more, cells have no room for a percentage


def _clips(count: float) -> str:
    """Return a count of clips, which folds may have divided, in few characters."""
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


@styled
def draw(run: Run, split: str) -> Figure:
    """Return the confusion of a split: clips, each counted once, and their percentage of the true class, as shades."""
    table = run.read("metrics/confusion.csv")
    part = table[table["split"] == split]
    names = part["label"].tolist()
    counts = part[list(map(column_of, names))].to_numpy(float)
    share = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    side = 1.6 + 0.62 * len(names)
    figure = Figure(figsize=(side, side), label=f"confusion of {split} clips")
    axes = figure.add_subplot(aspect="equal")
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count or len(names) <= _MOST_ZEROS:
                _cell(axes, (j, i), float(count), float(share[i, j]), len(names) <= _MOST_SHARES)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5), xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    scorings = int(part["scorings"].sum()) if "scorings" in part else 0
    axes.set_title(f"{split}: clips" + (f" (mean of {scorings} scorings)" if scorings > counts.sum() + 0.5 else ""))
    if len(names) <= _MOST_SHARES:
        axes.set_xlabel("predicted (%: of the true class)")
    return figure


def _cell(axes: Axes, place: tuple[int, int], count: float, share: float, with_share: bool) -> None:
    j, i = place
    axes.add_patch(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, color=BLUE, alpha=share, linewidth=0))
    colour = GROUND if share > 0.7 else INK
    middle: dict[str, Any] = {"ha": "center", "va": "center", "color": colour}
    if not with_share or not count:
        axes.text(j, i, _clips(count), alpha=1 if count else 0.45, **middle)
        return
    axes.text(j, i - 0.14, _clips(count), **middle)
    axes.text(j, i + 0.2, f"{100 * share:.0f} %", fontsize=7.5, **middle)
