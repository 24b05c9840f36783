"""What an experiment is and what it would take, before it runs: model, memory, time, and what would be computed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.data.loose_clips import LooseClip, clip_of_bytes
from darkhar_cli.splits.plan import Plan
from darkhar_cli.training.experiment import Experiment
from darkhar_cli.training.memory_estimate import MemoryEstimate, estimate_memory
from darkhar_cli.training.model_costs import ModelCosts, model_costs
from darkhar_cli.training.pending_features import PendingFeatures, pending_appearance, pending_features
from darkhar_cli.training.stage_times import StageTimes, stage_times
from darkhar_cli.training.trainer import Trainer


@dataclass(frozen=True)
class ExperimentSummary:
    """An experiment before it runs.

    Attributes:
        mode: `features` or `end_to_end`.
        why: this mode.
        epochs: most a fold is trained for.
        costs: of its parts, for a clip of middle length.
        memory: that it takes at its peak.
        times: of a clip on this machine; None: not measured.
        pending: what it would compute before training; None: not known, as its data are not prepared.
    """

    mode: str
    why: str
    epochs: int
    costs: ModelCosts
    memory: MemoryEstimate
    times: StageTimes | None
    pending: Sequence[PendingFeatures] | None

    def facts(self) -> dict[str, Any]:
        """Return it as plain values."""
        costs, times = self.costs, self.times
        totals = {"parameters": costs.parameters, "trained": costs.trained, "operations": costs.operations}
        return {
            "mode": self.mode,
            "why": self.why,
            "epochs": self.epochs,
            "model": {**asdict(costs), **totals, "not_counted": costs.uncounted},
            "memory": {"bytes": self.memory.total, "parts": dict(self.memory.parts)},
            "time": {**asdict(times), "ms": times.total} if times else None,
            "compute": None if self.pending is None else [asdict(one) for one in self.pending],
        }


def summarise(experiment: Experiment, clips: Clips, plan: Plan | None, timed: LooseClip | None) -> ExperimentSummary:
    """Return what an experiment is; nothing is written, and no features are computed but of a clip that is timed.

    Args:
        experiment: what would be run.
        clips: on what; its table alone is read where there is no plan.
        plan: the folds; None: the data are not prepared, and `clips` stands for them.
        timed: the clip that is timed; None: none is. With a plan it is a clip of the data set.

    Raises:
        BadRequest: weights that do not fit, a mode the extractor does not allow, parts that do not go together.
        FailedWork: the clip that is timed cannot be read.
    """
    cache = experiment.setting.cache
    experiment = replace(experiment, setting=replace(experiment.setting, read_only=True))
    trainer = Trainer(experiment, clips, lambda _: None)
    table = clips.table
    costs = model_costs(trainer, table.loc[middle(clips)])
    memory = estimate_memory(trainer, costs, table.index.tolist())
    pending: list[PendingFeatures] | None = None
    if plan is not None and isinstance(cache, Path):
        pending = [pending_appearance(trainer, cache), *pending_features(trainer, plan, trainer.epochs)]
    times = stage_times(trainer, timed, plan is not None) if timed else None
    return ExperimentSummary(trainer.mode, trainer.why, trainer.epochs, costs, memory, times, pending)


def middle(clips: Clips) -> int:
    """Return the row of the clip of middle length."""
    return int(clips.table["n_frames"].sort_values(kind="stable").index[len(clips.table) // 2])


def middle_clip(clips: Clips) -> LooseClip:
    """Return the clip of middle length of a prepared data set, as it is decoded.

    Raises:
        FailedWork: the prepared data are damaged.
    """
    row = middle(clips)
    return clip_of_bytes(str(clips.table.at[row, "id"]), clips.video(row))
