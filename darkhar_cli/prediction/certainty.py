"""How far a run's confidence can be believed, from its own scored clips: a temperature, and a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from darkhar_cli.metrics import tables
from darkhar_cli.runs.run_folder import Run

_WIDEST = (0.05, 20.0)  # temperatures that are looked at
_STEPS = 400
_LEAST_CLIPS, _LEAST_SHARE = 10, 0.1  # that must lie above a threshold: fewer prove nothing
_LEAST_COVERAGE = 1 / 3  # where the wanted accuracy cannot be had


@dataclass(frozen=True)
class Certainty:
    """Below which confidence a prediction is called uncertain, and what held of the run's own scored clips there.

    Attributes:
        threshold: confidence from which on a prediction counts as certain.
        coverage: share of the scored clips that are certain.
        accuracy: share of those that are right.
        overall: share of all scored clips that are right.
        clips: how many there are.
        wanted: the accuracy that was to be reached.
    """

    threshold: float
    coverage: float
    accuracy: float
    overall: float
    clips: int
    wanted: float

    def words(self) -> str:
        """Return what the threshold means, as a sentence without its full stop."""
        if not self.clips:
            return f"uncertain below a confidence of {self.threshold:.2f} (the run has no scored clips to judge it by)"
        missed = "" if self.accuracy >= self.wanted else f"; no threshold reaches {100 * self.wanted:.0f} %"
        return (
            f"uncertain below a confidence of {self.threshold:.2f}: of the run's {self.clips} own scored clips "
            f"{100 * self.coverage:.0f} % lie above it, and {100 * self.accuracy:.1f} % of those are right "
            f"(of all {100 * self.overall:.1f} %){missed}"
        )


def scored_clips(run: Run) -> pd.DataFrame:
    """Return the rows of predictions.csv that judge a run: validation, or the test split where nothing else is."""
    table = run.read("predictions.csv")
    for split in ("validation", "test"):
        part = table[table["split"] == split]
        if len(part):
            return part
    return table.iloc[:0]


def certainty_of(
    run: Run, classes: Sequence[str], wanted: float = 0.9, temperature: float = 1.0, threshold: float | None = None
) -> Certainty:
    """Return the threshold at which a run's own scored clips are right as often as wanted.

    Args:
        run: finished.
        classes: in the order of its models.
        wanted: share of certain predictions that should be right.
        temperature: that probabilities are taken at.
        threshold: a given one; None: the lowest that reaches what is wanted, with ten clips and a tenth of all above
            it, else the one with the highest accuracy among those that a third of the clips lie above.
    """
    table = scored_clips(run)
    if not len(table):
        return Certainty(threshold or 0.0, 0.0, 0.0, 0.0, 0, wanted)
    p = at_temperature(tables.probabilities(table, classes), temperature)
    right = np.array(classes)[p.argmax(axis=1)] == table["label"].to_numpy()
    weights = 1 / table.groupby("id")["id"].transform("size").to_numpy(
        float
    )  # a clip counts once, however often scored
    confidence = p.max(axis=1)
    found = choose(confidence, right, weights, wanted) if threshold is None else threshold
    above = confidence >= found
    coverage = float(np.average(above, weights=weights))
    accuracy = float(np.average(right[above], weights=weights[above])) if above.any() else 0.0
    overall = float(np.average(right, weights=weights))
    return Certainty(float(found), coverage, accuracy, overall, table["id"].nunique(), wanted)


def choose(confidence: np.ndarray, right: np.ndarray, weights: np.ndarray, wanted: float) -> float:
    """Return the lowest threshold above which clips (N,) are right as often as wanted, see `certainty_of`."""
    order = np.argsort(-confidence, kind="stable")
    confidence, share = confidence[order], np.cumsum(weights[order])
    accuracy = np.cumsum((right * weights)[order]) / share
    last = np.append(confidence[1:] < confidence[:-1], True)  # of equal ones all are above, or none
    many = share >= max(_LEAST_CLIPS, _LEAST_SHARE * share[-1]) - 1e-12
    enough = last & many & (accuracy >= wanted - 1e-12)
    if not enough.any():
        open_to = last & (share >= _LEAST_COVERAGE * share[-1] - 1e-12)
        best = np.where(open_to, accuracy, -1.0)
        enough = best == best.max()
    lowest = np.flatnonzero(enough)[-1]
    return 0.0 if lowest == len(confidence) - 1 else float(confidence[lowest])


def at_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (N, K) as their logits, divided by a temperature, give them."""
    if temperature == 1.0:
        return p
    logits = np.log(np.maximum(p, tables.LEAST_P)) / temperature
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def temperature_of(p: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature that makes probabilities (N, K) of classes (N,) most likely (Guo et al. 2017)."""
    grid = np.geomspace(*_WIDEST, _STEPS)
    rows = np.arange(len(truth))
    losses = [-np.log(np.maximum(at_temperature(p, t)[rows, truth], tables.LEAST_P)).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def temperature_of_run(run: Run, classes: Sequence[str]) -> float:
    """Return the temperature of a run's own scored clips; 1 where it has none."""
    table = scored_clips(run)
    if not len(table):
        return 1.0
    truth = table["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
    return temperature_of(tables.probabilities(table, classes), truth)
