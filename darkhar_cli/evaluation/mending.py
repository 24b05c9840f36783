"""A finished run whose tables were lost or damaged since: made again from its predictions, or named."""

from collections.abc import Mapping
from typing import Any

from darkhar_cli.errors import FailedWork
from darkhar_cli.evaluation.conclusions import conclude, control_runs, gather_controls
from darkhar_cli.evaluation.stored_run import recompute
from darkhar_cli.files.checksums import MISSING
from darkhar_cli.runs.finished_mark import PREDICTIONS
from darkhar_cli.runs.run_folder import Run

_CONTROLS = "metrics/controls.csv"
_FROM_PREDICTIONS = tuple(
    f"metrics/{name}.csv" for name in ("folds", "summary", "brightness", "per_class", "confusion")
)


def mend(run: Run, labels: Mapping[str, Any]) -> bool:
    """Make the tables of a finished run that are lost or damaged again; say which, and what cannot be made again.

    Args:
        run: finished.
        labels: its row labels.

    Returns:
        Whether it is still finished: without its predictions it is not.

    Raises:
        FailedWork: tables are lost, and predictions.csv is not what they were made of.
    """
    damaged = run.mark.damaged()
    if damaged.get(PREDICTIONS) == MISSING:
        run.mark.remove()
        run.warn(f"{run.folder / PREDICTIONS} is missing: the run is made again")
        return False
    remade = [name for name in damaged if name in _FROM_PREDICTIONS]
    if PREDICTIONS in damaged:
        what = f"{run.folder / PREDICTIONS} {damaged.pop(PREDICTIONS)}"
        cure = (
            f"`darkhar evaluate {run.folder}` makes tables of what it holds now, fresh=true runs the experiment again"
        )
        if remade:
            raise FailedWork(f"{what}, and so is no source of {', '.join(remade)}; {cure}")
        run.warn(f"{what}, and what is shown was made of what it held before; {cure}")
    elif remade:
        recompute(run, labels)
        run.warn(f"made again from {PREDICTIONS}: {_named(damaged, remade)}")
    controls = _CONTROLS in damaged and bool(control_runs(run))
    if controls:
        gather_controls(run)
        run.warn(f"made again from the controls' runs: {_named(damaged, [_CONTROLS])}")
    if remade or controls:
        conclude(run)
        (run.folder / "report.html").unlink(missing_ok=True)  # drawn of other numbers, it may be
    lost = [name for name in damaged if name not in remade and not (controls and name == _CONTROLS)]
    if lost:
        run.warn(f"{_named(damaged, lost)}; fresh=true runs the experiment again, nothing else makes that anew")
    return True


def _named(damaged: Mapping[str, str], names: list[str]) -> str:
    return ", ".join(f"{name} ({damaged[name]})" for name in names)
