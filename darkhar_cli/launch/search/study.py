"""One study of a search: trials scored on inner folds of one outer fold's training clips, the winner on that fold once.

The clips of the outer fold are not in the table that trials see. Each outer fold has a study of its own, for what is
chosen by clips that are scored later makes the score too good. A trial is drawn from its number and the trials before
it alone, and keeps each inner fold's score, so a study that was stopped goes on as if it had not been.
"""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from darkhar_cli import console
from darkhar_cli.config import request
from darkhar_cli.config.checked import JobConfig
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.errors import DarkharError, FailedWork
from darkhar_cli.files.tables import write_csv, write_text
from darkhar_cli.launch.opened import DataSets, OpenedJob
from darkhar_cli.launch.search import optuna_adapter
from darkhar_cli.launch.search.space import Space
from darkhar_cli.native_stderr import quiet_start
from darkhar_cli.splits import shuffling
from darkhar_cli.splits.plan import Fold, Plan, plan_folds

DATABASE = "search.db"
_STARTUP = 10  # trials drawn at random before the sampler learns from them; as many before a trial is pruned


@dataclass(frozen=True)
class Study:
    """Searches on one outer fold's training clips; picklable.

    Attributes:
        words: of the experiment, whatever is drawn.
        space: what is drawn.
        fold: the outer fold by its place in the plan; None: all training clips, to choose what to use.
        folder: the search's.
        trials: how many there are to be.
        inner: how many inner folds.
        prune: whether trials that fall behind are ended early.
    """

    words: tuple[str, ...]
    space: Space
    fold: int | None
    folder: Path
    trials: int
    inner: int
    prune: bool

    @property
    def name(self) -> str:
        """Return what it is called."""
        return "all" if self.fold is None else f"fold_{self.fold}"

    def opened(self, drawn: tuple[str, ...] = ()) -> OpenedJob:
        """Return the experiment's job, or that of a trial, with its data."""
        return DataSets().open_job(_read((*self.words, *drawn)))

    def inner_folds(self, job: OpenedJob) -> tuple[Clips, Plan]:
        """Return the clips that trials see, and how they are divided.

        Raises:
            BadRequest: the outer fold's training clips do not allow inner folds.
        """
        if self.fold is None:
            return _labelled(job, job.clips.table), job.plan
        table = job.clips.table.loc[job.plan.folds[self.fold].train].reset_index(drop=True)
        name = job.plan.name
        scheme: dict[str, Any] = {"name": "auto", "folds": self.inner, "seed": job.plan.settings.get("seed")}
        if name == "leave_group_per_class_out":
            scheme = {"name": name, "repeats": self.inner, "seed": job.plan.settings.get("seed")}
        elif name == "stratified":
            scheme["name"] = name
        plan = plan_folds(scheme, table, job.config["seed"], job.clips.classes)
        return _labelled(job, table), plan

    def __call__(self) -> None:
        """Run the trials that lack, then score the winner on the outer fold, unless that is done."""
        with quiet_start():
            import optuna

            from darkhar_cli import device

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        job = self.opened()
        if job.config["train"]["deterministic"]:
            device.make_deterministic()
        clips, plan = self.inner_folds(job)
        study = self._stored(optuna)
        while (trial := self._next(optuna, study, job.config["seed"])) is not None:
            self._run(optuna, study, trial, clips, plan)
        done = [one for one in study.trials if one.state == optuna.trial.TrialState.COMPLETE]
        if not done:
            raise FailedWork(f"{self.name}: no trial was finished; see {self.folder / 'trials.csv'}")
        best = max(done, key=lambda one: (one.value, -one.number))
        if self.fold is not None:
            self._score(best)

    def _stored(self, optuna: Any) -> Any:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP) if self.prune else optuna.pruners.NopPruner()
        return optuna.create_study(
            storage=f"sqlite:///{self.folder / DATABASE}",
            study_name=self.name,
            direction="maximize",
            pruner=pruner,
            load_if_exists=True,
        )

    def _next(self, optuna: Any, study: Any, seed: int) -> Any:
        """Return the trial that was stopped, or the next one; None where there are enough."""
        stopped = [one for one in study.trials if one.state == optuna.trial.TrialState.RUNNING]
        if not stopped and len(study.trials) >= self.trials:
            return None
        number = stopped[0].number if stopped else len(study.trials)
        drawn = int(sha256(f"{seed}/{self.name}/{number}".encode()).hexdigest()[:8], 16)
        study.sampler = optuna.samplers.TPESampler(seed=drawn, n_startup_trials=_STARTUP)
        return optuna_adapter.taken_up(optuna, study, stopped[0]) if stopped else study.ask()

    def _run(self, optuna: Any, study: Any, trial: Any, clips: Clips, plan: Plan) -> None:
        """Score a trial on the inner folds it has not been scored on yet."""
        words = tuple(self.space.draw(trial))
        trial.set_user_attr("words", list(words))
        try:
            value = self._inner(trial, words, clips, plan)
        except DarkharError as problem:
            trial.set_user_attr("error", str(problem).splitlines()[0])
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            return
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, value)
        what = "pruned" if value is None else f"inner macro recall {100 * value:.1f} %"
        console.note(f"{self.name}, trial {trial.number + 1} of {self.trials}: {' '.join(words)}: {what}")

    def _inner(self, trial: Any, words: tuple[str, ...], clips: Clips, plan: Plan) -> float | None:
        known: Mapping[str, Any] = trial.user_attrs
        scores: list[float] = []
        config, trainer = _read((*self.words, *words)).config, None
        for step, fold in enumerate(plan.folds):
            if f"inner_{step}" not in known:
                trainer = trainer or _trainer(config, clips)
                predictions, _ = _scored(trainer, fold, plan)
                trial.set_user_attr(f"inner_{step}", macro_recall(predictions))
                trial.report(mean([*scores, trial.user_attrs[f"inner_{step}"]]), step)
            scores.append(trial.user_attrs[f"inner_{step}"])
            if step + 1 < len(plan.folds) and trial.should_prune():
                return None
        return mean(scores)

    def _score(self, best: Any) -> None:
        """Score the winner on the outer fold, once: it is kept, and found again."""
        place = self.folder / "folds" / self.name
        known = json.loads((place / "score.json").read_text()) if (place / "score.json").is_file() else {}
        if known.get("trial") == best.number:
            return
        job = self.opened(tuple(best.user_attrs["words"]))
        assert self.fold is not None
        fold = job.plan.folds[self.fold]
        predictions, epochs = _scored(_trainer(job.config, _labelled(job, job.clips.table)), fold, job.plan)
        write_csv(place / "predictions.csv", predictions)
        outer = macro_recall(predictions)
        facts = {"trial": best.number, "words": best.user_attrs["words"], "inner": best.value, "outer": outer}
        write_text(place / "score.json", json.dumps({**facts, "epochs": epochs}, indent=2) + "\n")


def _read(words: Sequence[str]) -> JobConfig:
    return request.read_job("train", words, ())


def _labelled(job: OpenedJob, table: pd.DataFrame) -> Clips:
    """Return the clips of a table, labels permuted where the experiment says so: behind the folds, as in a run."""
    clips = copy.copy(job.clips)
    clips.table = table.copy()
    if job.config["train"]["shuffle_labels"] == "groups":
        whole = job.clips.table
        given = dict(zip(whole["digest"], shuffling.labels_by_group(whole, job.config["seed"]), strict=True))
        clips.table["label"] = [given[digest] for digest in clips.table["digest"]]
    return clips


def _trainer(config: Mapping[str, Any], clips: Clips) -> Any:
    from darkhar_cli import device
    from darkhar_cli.training import from_config, planning, trainer

    device.clear_session()
    with device.precision(device.policy_for(config["train"]["precision"], device.gpu_capability())):
        experiment = from_config.experiment_of(config, clips.classes)
        plan = planning.plan_execution(experiment, clips.classes)
        return trainer.Trainer(experiment, clips, console.warn, plan)


def _scored(trainer: Any, fold: Fold, plan: Plan) -> tuple[pd.DataFrame, int]:
    """Return a fold's predictions by a model trained on its training clips, and the epochs that took."""
    from darkhar_cli import device
    from darkhar_cli.training.cross_validation import run_fold
    from darkhar_cli.training.events import FoldEnd, TrainingListener

    kept: list[FoldEnd] = []

    class Keep(TrainingListener):
        def on_fold_end(self, session: Any, result: FoldEnd) -> None:
            kept.append(result)

    settings = trainer.train
    with device.precision(device.policy_for(settings.precision, device.gpu_capability())):
        trainer.prepare(Plan(plan.name, [fold], plan.settings), 1)
        run_fold(trainer, fold, plan, Keep())
    return kept[0].predictions, len(kept[0].history)


def macro_recall(predictions: pd.DataFrame) -> float:
    """Return the mean of the classes' recalls of a fold's validation clips, or else of the test split."""
    split = "validation" if (predictions["split"] == "validation").any() else "test"
    part = predictions[predictions["split"] == split]
    return float((part["predicted"] == part["label"]).groupby(part["label"]).mean().mean())
