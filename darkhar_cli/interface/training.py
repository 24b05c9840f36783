"""Training from Python: the same jobs, folders and numbers as `darkhar train`."""

from collections.abc import Sequence

from darkhar_cli.errors import FailedWork
from darkhar_cli.interface.runs import RunResult, SweepResult
from darkhar_cli.interface.words import Place, checked, printing


def train(
    *words: str,
    config_dir: Place | None = None,
    plugins: Place | Sequence[Place] = (),
    show: bool = False,
    quiet: bool = False,
) -> RunResult:
    """Train and score one experiment by cross-validation, or find it finished; return its run.

    Args:
        words: choices and settings as on the command line; relative paths start at the working directory.
        config_dir: a folder of your own options, as `--config-dir`.
        plugins: Python files with your own parts, as `plugins=`.
        show: print the table of results to standard output.
        quiet: print no notes and no progress to standard error; warnings stay.

    Raises:
        BadRequest: a word, name, value or path that is not valid, or folds that the data do not allow.
        FailedWork: the work could not be done.

    Example:
        >>> import darkhar_cli as dk
        >>> run = dk.train("experiment=smoke", quiet=True)
        >>> run.done, "recall_macro" in run.summary
        (True, True)
    """
    return RunResult(_launched(checked(words, "train"), False, config_dir, plugins, show, quiet))


def sweep(
    *words: str,
    config_dir: Place | None = None,
    plugins: Place | Sequence[Place] = (),
    show: bool = False,
    quiet: bool = False,
) -> SweepResult:
    """Train every job of a sweep, `"enhance=none,gamma"`; return the sweep. The arguments are those of `train`.

    Raises:
        BadRequest: as `train`, for any job; nothing is trained then.
        FailedWork: a job failed; the others are finished, and `load_sweep` gives them.

    Example:
        >>> import darkhar_cli as dk
        >>> found = dk.sweep("experiment=smoke", "seed=0,1", quiet=True)
        >>> [run.config["seed"] for run in found.runs]
        [0, 1]
    """
    return SweepResult(_launched(checked(words, "sweep"), True, config_dir, plugins, show, quiet))


def _launched(
    words: list[str],
    multirun: bool,
    config_dir: Place | None,
    plugins: Place | Sequence[Place],
    show: bool,
    quiet: bool,
) -> str:
    """Run a request and return its folder."""
    from darkhar_cli.launch import app

    several = plugins if isinstance(plugins, list | tuple) else [plugins]
    options = [f"--config-dir={config_dir}"] if config_dir is not None else []
    options += ["--multirun"] if multirun else []
    with printing(show, quiet):
        outcome = app.outcome("train", [*words, *options], [str(one) for one in several])
    if outcome.code:
        raise FailedWork(f"jobs failed; the others are in {outcome.folder}: load_sweep gives them")
    return str(outcome.folder)
