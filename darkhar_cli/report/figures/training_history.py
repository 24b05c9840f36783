"""Loss and accuracy by epoch (the paper's figures 2 and 4)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from darkhar_cli.report.figures.style import BLUE, MUTED, SERIES, VERMILLION, styled
from darkhar_cli.runs.run_folder import Run

_MOST_COLOURS = len(SERIES)  # folds; of more, each is a thin line and their mean a thick one
_CURVES = (("", "training clips", "-"), ("inner_", "inner-validation clips (early stopping)", "--"))


@styled
def draw(run: Run) -> Figure:
    """Return loss and accuracy of each fold's training clips, and of its inner-validation clips where it has any."""
    table = run.read("metrics/history.csv")
    figure = Figure(figsize=(9, 3.4), layout="constrained", label="loss and accuracy by epoch")
    folds = [(f"fold {fold}", part) for (_, fold), part in table.groupby(["repeat", "fold"])]
    for axes, value in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for prefix, _, line in _CURVES:
            _curves(axes, folds, prefix + value, line)
        axes.set_xlabel("epoch")
        axes.locator_params(axis="x", integer=True)
        if table["epoch"].nunique() < 2:
            axes.set(xticks=sorted(set(table["epoch"])))
    loss, accuracy = figure.axes
    loss.set(ylabel="loss, nats per clip", title="Loss")
    highest = np.concatenate([_values(table, column)[1] for column in ("loss", "inner_loss")])
    loss.set_ylim(0, 1.06 * highest.max(initial=1e-3))
    accuracy.set(ylabel="accuracy, %", title="Accuracy", ylim=(0, 102))
    figure.legend(handles=_legend(folds, table), loc="outside lower center", ncols=4)
    return figure


def _values(part: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return epochs and a column's numbers (n,), in percent where they are shares, of rows that have one."""
    if column not in part:
        return np.zeros(0), np.zeros(0)
    numbers = pd.to_numeric(part[column], errors="coerce").to_numpy(float)
    known = np.isfinite(numbers)
    return part["epoch"].to_numpy()[known], numbers[known] * (100 if column.endswith("accuracy") else 1)


def _curves(axes: Axes, folds: list[tuple[str, pd.DataFrame]], column: str, line: str) -> None:
    several = len(folds) > _MOST_COLOURS
    found = [(number, *_values(part, column)) for number, (_, part) in enumerate(folds)]
    found = [(number, epochs, values) for number, epochs, values in found if len(epochs)]
    for number, epochs, values in found:
        colour = (VERMILLION if line == "--" else BLUE) if several else SERIES[number]
        look: dict[str, Any] = {"alpha": 0.3, "lw": 0.8} if several else {"lw": 1.6}
        axes.plot(epochs, values, line, color=colour, marker="o" if len(epochs) == 1 else "", **look)
    if several and found:
        ends = pd.concat([pd.Series(values, epochs) for _, epochs, values in found])
        mean = ends.groupby(level=0).mean()
        axes.plot(mean.index, mean, line, color=VERMILLION if line == "--" else BLUE, lw=2.2)


def _legend(folds: list[tuple[str, pd.DataFrame]], table: pd.DataFrame) -> list[Line2D]:
    inner = len(_values(table, "inner_loss")[0]) > 0
    curves = _CURVES if inner else _CURVES[:1]
    if len(folds) > _MOST_COLOURS:
        colours = (BLUE, VERMILLION)
        named = [(f"{name}: {len(folds)} folds and their mean", line) for _, name, line in curves]
        return [Line2D([], [], color=c, ls=line, label=w) for c, (w, line) in zip(colours, named, strict=False)]
    lines = [Line2D([], [], color=MUTED, ls=line, label=name) for _, name, line in curves]
    return lines + [Line2D([], [], color=SERIES[i], label=name) for i, (name, _) in enumerate(folds)]
