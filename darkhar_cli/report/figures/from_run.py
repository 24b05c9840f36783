"""All figures that a run's tables give."""

from matplotlib.figure import Figure

from darkhar_cli.files.tables import write_text
from darkhar_cli.report.figures import accuracy_by_brightness, class_counts, confusion, reliability, style
from darkhar_cli.report.figures import training_history as history
from darkhar_cli.runs.run_folder import Run


def run_figures(run: Run) -> dict[str, Figure]:
    """Return the figures of a run, or of an evaluation, by name; those whose table it lacks are not among them.

    `class_counts`, `history`, and for each split `confusion_<split>`, `brightness_<split>`, `reliability_<split>`.
    """
    splits = list(dict.fromkeys(run.read("metrics/confusion.csv")["split"]))
    drawn = {f"confusion_{split}": confusion.draw(run, split) for split in splits}
    if (run.folder / "metrics" / "history.csv").is_file():
        drawn["history"] = history.draw(run)
    for split in splits:
        if accuracy_by_brightness.known(run, split):
            drawn[f"brightness_{split}"] = accuracy_by_brightness.draw(run, split)
    if (run.folder / "predictions.csv").is_file():
        drawn["class_counts"] = class_counts.draw_run(run)
        drawn |= {f"reliability_{split}": reliability.draw(run, split) for split in splits}
    return drawn


def save_figures(run: Run) -> dict[str, str]:
    """Write figures/*.svg of a run and return them by name."""
    drawn = {name: style.svg(figure) for name, figure in run_figures(run).items()}
    for name, svg in drawn.items():
        write_text(run.folder / "figures" / f"{name}.svg", svg)
    return drawn
