"""Training that diverged: which epoch, which loss, which clips, and what to try; other folds go on without it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from darkhar_cli.errors import FailedWork
from darkhar_cli.names import several

_TRY = "try a lower train.learning_rate, or train.precision=float32"
_WORDS = {"loss": "training loss", "inner_loss": "inner-validation loss", "objective": "what training minimises"}
_NAMED = 8  # clips at most
_HOPELESS = 10.0  # times the loss of guessing: no model that learnt anything is that sure and that wrong


class Diverged(FailedWork):
    """A fold whose model gives no finite numbers, or worse ones than none."""


class NotFinite(Exception):
    """A step's loss is not finite; `first` to `last` are the places, in the epoch's order, of the clips it was of."""

    def __init__(self, first: int, last: int, value: float):
        super().__init__(f"clips {first} to {last}: {value}")
        self.first, self.last, self.value = first, last, value


def refuse_step(sums: np.ndarray, first: int, last: int) -> None:
    """Refuse a step, or some together, whose summed loss is not finite.

    Raises:
        NotFinite: it is not.
    """
    if not math.isfinite(sums[0]):
        raise NotFinite(first, last, float(sums[0]))


def of_step(epoch: int, problem: NotFinite, names: Sequence[str]) -> Diverged:
    """Return the failure of an epoch (from 1) whose step is not finite.

    Args:
        epoch: its number.
        problem: what was found.
        names: of the clips, in the epoch's order.
    """
    clips = names[problem.first : problem.last]
    which = ", ".join(clips) if len(clips) <= _NAMED else f"{several(len(clips), 'clip')}, among them {clips[0]}"
    return Diverged(
        f"training diverged in epoch {epoch} ({_WORDS['objective']} {problem.value}, in the batch of {which}): {_TRY}"
    )


def refuse_epoch(epoch: int, values: Mapping[str, float]) -> None:
    """Refuse an epoch's measures that are not finite.

    Raises:
        Diverged: names the measure.
    """
    for key, what in _WORDS.items():
        if not math.isfinite(values.get(key, 0.0)):
            raise Diverged(f"training diverged in epoch {epoch} ({what} {values[key]}): {_TRY}")


def refuse_hopeless(epoch: int, loss: float, classes: int) -> None:
    """Refuse a kept epoch whose training loss is far beyond that of guessing: finite, and diverged all the same.

    Raises:
        Diverged: names both.
    """
    guessing = math.log(max(classes, 2))
    if loss > _HOPELESS * guessing:
        raise Diverged(
            f"training diverged: its best epoch ({epoch}) has training loss {loss:.3g}, where guessing has "
            f"{guessing:.3g}: {_TRY}"
        )


def together(failures: Mapping[str, Diverged], finished: int) -> FailedWork:
    """Return the failure of a run some of whose folds diverged; of a single fold it is that fold's own.

    Args:
        failures: by the fold's name.
        finished: how many folds are finished and kept.
    """
    (name, first), *others = failures.items()
    if not others and not finished:
        return first
    also = f"; so did {', '.join(other for other, _ in others)}" if others else ""
    kept = f"; {several(finished, 'other fold', verb=True)} finished and kept" if finished else ""
    return FailedWork(f"{name}: {first}{also}{kept}")
