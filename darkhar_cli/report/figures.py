"""Figures of a run, from its tables alone: confusion and training history, as SVG that is the same each time."""

import io
import warnings

import matplotlib as mpl
from matplotlib.figure import Figure

from darkhar_cli.files.tables import column_of, write_text
from darkhar_cli.runs.run_folder import Run

mpl.rcParams["svg.hashsalt"] = "darkhar"  # else element names are drawn at random
mpl.rcParams["svg.fonttype"] = "none"  # text stays text: whoever shows it has fonts for all scripts
mpl.rcParams["text.parse_math"] = False  # `$x$` is a name

_MOST_ZEROS = 30  # classes: of more, only counts above zero are written (200 classes have 40,000 places)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)  # only widths are guessed then
        warnings.filterwarnings("ignore", "Matplotlib currently does not support .* natively", UserWarning)
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    return buffer.getvalue()


def _clips(count: float) -> str:
    """Return a count of clips, which folds may have divided, in few characters."""
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


def confusion(run: Run, split: str) -> str:
    """Return the confusion of a split as SVG: clips, each counted once, shaded by the share of the true class."""
    table = run.read("metrics/confusion.csv")
    part = table[table["split"] == split]
    names = part["label"].tolist()
    counts = part[list(map(column_of, names))].to_numpy(float)
    share = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    side = 1.6 + 0.55 * len(names)
    figure = Figure(figsize=(side, side))
    axes = figure.add_subplot()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            if count or len(names) <= _MOST_ZEROS:
                colour = "white" if share[i, j] > 0.5 else "black"
                axes.text(j, i, _clips(count), ha="center", va="center", color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    scorings = int(part["scorings"].sum()) if "scorings" in part else 0
    axes.set_title(f"{split}: clips" + (f" (mean of {scorings} scorings)" if scorings > counts.sum() + 0.5 else ""))
    return _svg(figure)


def history(run: Run) -> str:
    """Return loss by epoch as SVG: each fold's training clips, and its inner-validation clips where there are any."""
    table = run.read("metrics/history.csv")
    figure = Figure(figsize=(6, 3.2))
    axes = figure.add_subplot()
    for number, ((_, fold), part) in enumerate(table.groupby(["repeat", "fold"])):
        colour = f"C{number % 10}"
        axes.plot(part["epoch"], part["loss"], color=colour, label=f"fold {fold}")
        inner = part[part["inner_loss"] != ""]
        if len(inner):
            axes.plot(inner["epoch"], inner["inner_loss"].astype(float), color=colour, linestyle=":")
    axes.set_xlabel("epoch (dotted: inner-validation clips, for early stopping)")
    axes.set_ylabel("loss, nats per clip")
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="x", integer=True)
    if table["fold"].nunique() <= 10:
        axes.legend(frameon=False)
    return _svg(figure)


def save_figures(run: Run) -> dict[str, str]:
    """Write figures/*.svg of a run and return them by name."""
    splits = dict.fromkeys(run.read("metrics/confusion.csv")["split"])
    drawn = {f"confusion_{split}": confusion(run, split) for split in splits} | {"history": history(run)}
    for name, svg in drawn.items():
        write_text(run.folder / "figures" / f"{name}.svg", svg)
    return drawn
