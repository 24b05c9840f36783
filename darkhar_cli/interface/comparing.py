"""Runs compared clip by clip."""

from pathlib import Path

from darkhar_cli.evaluation.comparison import Comparison as Comparison
from darkhar_cli.interface.runs import RunResult, SweepResult
from darkhar_cli.interface.words import Place


def compare(*runs: RunResult | SweepResult | Place, baseline: str | None = None) -> Comparison:
    """Compare finished runs on the same clips; runs that differ in their seed alone are one method.

    Args:
        runs: two runs or more, or sweeps, or their folders.
        baseline: what the others are compared with: a method's name, a folder, or key=value.

    Raises:
        BadRequest: runs that cannot be paired, or no such baseline.

    Example:
        >>> import darkhar_cli as dk
        >>> runs = [dk.train("experiment=smoke", f"enhance={name}", quiet=True) for name in ("none", "gamma")]
        >>> result = dk.compare(*runs)
        >>> len(result.table), result.sentence != ""
        (2, True)
    """
    from darkhar_cli.evaluation import comparison, outcomes

    places = [run.folder if isinstance(run, RunResult | SweepResult) else Path(run).expanduser() for run in runs]
    results, skipped = outcomes.read_results(places)
    found = comparison.compare(results, baseline)
    found.notes[:0] = skipped
    return found
