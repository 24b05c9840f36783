"""Finished runs and sweeps as tables."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darkhar_cli.interface.words import Place

if TYPE_CHECKING:
    import pandas as pd

    from darkhar_cli.prediction.predictor import Predictor


class RunResult:
    """A run's folder, read-only: every table is what the file in it says.

    Example:
        >>> import darkhar_cli as dk
        >>> run = dk.train("experiment=smoke", quiet=True)
        >>> sorted(run.predictions["fold"].unique().tolist())
        [0, 1]
        >>> run.config["sampler"]["frames"]
        2
    """

    def __init__(self, folder: Place):
        from darkhar_cli.runs.run_folder import Run

        self.folder = Path(folder).expanduser().absolute()
        self._run = Run(self.folder)

    @property
    def done(self) -> bool:
        """Whether the run is finished."""
        return self._run.done

    @property
    def summary(self) -> "pd.DataFrame":
        """Return metrics/summary.csv: a row for each split, with counts, chance lines and intervals."""
        return self._run.read("metrics/summary.csv")

    @property
    def folds(self) -> "pd.DataFrame":
        """Return metrics/folds.csv: a row for each fold."""
        return self._run.read("metrics/folds.csv")

    @property
    def predictions(self) -> "pd.DataFrame":
        """Return predictions.csv: a row for each scored clip and fold."""
        return self._run.read("predictions.csv")

    @property
    def history(self) -> "pd.DataFrame":
        """Return metrics/history.csv: a row for each epoch of each fold."""
        return self._run.read("metrics/history.csv")

    @property
    def per_class(self) -> "pd.DataFrame":
        """Return metrics/per_class.csv: precision, recall and F1 of each class."""
        return self._run.read("metrics/per_class.csv")

    @property
    def confusion(self) -> "pd.DataFrame":
        """Return metrics/confusion.csv."""
        return self._run.read("metrics/confusion.csv")

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the resolved configuration."""
        from darkhar_cli.evaluation.stored_run import settings_of

        return settings_of(self._run)

    @property
    def facts(self) -> dict[str, Any]:
        """Return run.json: versions, device, data, code, times."""
        return self._run.facts()

    @property
    def warnings(self) -> list[str]:
        """Return what must stand beside the run's numbers."""
        return self._run.caveats()

    @property
    def models(self) -> list[Path]:
        """Return the folds' saved models, for `keras.saving.load_model`."""
        return sorted(path for path in (self.folder / "models").glob("*.keras") if path.stem != "final")

    def predictor(self, folds: str = "auto", calibrated: bool = False, cache: bool = True) -> "Predictor":
        """Return the run's parts and models as one object: videos in, probabilities out.

        Args:
            folds: `all`; `held-out`: the run's own clips are predicted by the folds that held them out alone;
                `final`: the model trained on all training clips; `auto`: that one where there is one, else all folds.
            calibrated: divide logits by the temperature that the run's own validation predictions want.
            cache: keep features in the run's feature cache, and take them from there.

        Raises:
            BadRequest: models that are missing or not the run's, or another word for `folds`.
        """
        from darkhar_cli.evaluation.stored_run import model_digests
        from darkhar_cli.native_stderr import quiet_start

        model_digests(self._run)
        with quiet_start():  # TensorFlow, and only now
            from darkhar_cli.prediction.predictor import Predictor
        return Predictor(self._run, folds=folds, calibrated=calibrated, stored=cache)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"


class SweepResult:
    """A sweep's folder, read-only.

    Example:
        >>> import darkhar_cli as dk
        >>> found = dk.sweep("experiment=smoke", "seed=0,1", quiet=True)
        >>> found.table["status"].tolist()
        ['done', 'done']
    """

    def __init__(self, folder: Place):
        self.folder = Path(folder).expanduser().absolute()

    @property
    def table(self) -> "pd.DataFrame":
        """Return sweep.csv: a row for each job."""
        from darkhar_cli.files.tables import read_csv

        return read_csv(self.folder / "sweep.csv")

    @property
    def runs(self) -> list[RunResult]:
        """Return the finished jobs in the order of their folders' names."""
        from darkhar_cli.evaluation.outcomes import jobs_of

        found = [RunResult(job) for job in sorted(jobs_of(self.folder))]
        return [run for run in found if run.done]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"


def load_run(path: Place) -> RunResult:
    """Return a finished run.

    Raises:
        BadRequest: no such folder, no run, or one that is not finished.

    Example:
        >>> import darkhar_cli as dk
        >>> folder = dk.train("experiment=smoke", quiet=True).folder
        >>> dk.load_run(folder).facts["data"]["name"]
        'dark_synth'
    """
    from darkhar_cli.evaluation.stored_run import finished_run

    run = finished_run(Path(path).expanduser())
    run.mark.refuse_damaged()
    return RunResult(run.folder)


def load_sweep(path: Place) -> SweepResult:
    """Return a sweep.

    Raises:
        BadRequest: no such folder, or no sweep.

    Example:
        >>> import darkhar_cli as dk
        >>> folder = dk.sweep("experiment=smoke", "seed=0,1", quiet=True).folder
        >>> len(dk.load_sweep(folder).runs)
        2
    """
    from darkhar_cli.errors import BadRequest

    folder = Path(path).expanduser()
    if not (folder / "sweep.csv").is_file():
        raise BadRequest(f"{folder} is no sweep's folder; one has a sweep.csv (load_run takes the folder of a run)")
    return SweepResult(folder)
