"""The controls' verdict on a run: whether the model beats what is scored without the action."""

from dataclasses import dataclass

import pandas as pd

from darkhar_cli.caveats import Caveat, Kind
from darkhar_cli.metrics import paired, tables
from darkhar_cli.runs.run_folder import Run

_WITHOUT_ACTION = {
    "background": "the static background alone",
    "luma": "brightness alone",
    "motion": "the amount of motion alone",
}


@dataclass(frozen=True)
class Verdict:
    """What the controls come to.

    Attributes:
        text: a sentence.
        beaten: whether the model is shown to beat the best control.
        caveats: those that go with the run's numbers.
    """

    text: str
    beaten: bool
    caveats: tuple[Caveat, ...]


def judge(run: Run) -> Verdict | None:
    """Return the verdict of a run's controls, or None where it has none.

    The model is held against the control with the highest macro recall on the same clips, by a sign-flip test over
    groups (or backgrounds, or clips), on the split that the run's own first row is about.
    """
    controls = run.controls()
    if controls.empty:
        return None
    own = run.read("metrics/summary.csv").iloc[0]
    rows = controls[(controls["split"] == own["split"]) & (controls["of"] == own["of"])].set_index("control")
    seen = rows.loc[[name for name in _WITHOUT_ACTION if name in rows.index], "recall_macro"].astype(float)
    best = seen.idxmax()
    beside = Run(run.folder / "controls" / f"control_{best}")
    theirs_by_clip, ours_by_clip = (
        tables.per_clip(each.read("predictions.csv"), own["split"]) for each in (beside, run)
    )
    difference = paired.compare([theirs_by_clip], [ours_by_clip])
    ours, theirs = float(own["recall_macro"]), float(seen[best])
    beaten = ours > theirs and difference.recall.value > 0 and difference.p < paired.ALPHA
    does = "beats" if beaten else "does not beat" if ours <= theirs else "is not shown to beat"
    p = "p < 0.001" if difference.p < 0.001 else f"p = {difference.p:.2g}"
    text = (
        f"the model {does} {_WITHOUT_ACTION[best]}: {100 * ours:.1f} against {100 * theirs:.1f} % "
        f"(macro recall, {p} by a sign-flip test over {difference.by.words})"
    )
    caveats = [] if beaten else [Caveat(Kind.CONTROL, text, own["split"])]
    return Verdict(text, beaten, (*caveats, *_shuffled(rows, own["split"])))


def _shuffled(rows: pd.DataFrame, split: str) -> list[Caveat]:
    """Return a caveat where labels that carry nothing of the action are predicted above chance."""
    if "shuffled" not in rows.index:
        return []
    row = rows.loc["shuffled"]
    lower = row["recall_lower"]
    if lower == "" or pd.isna(lower) or float(lower) <= float(row["chance"]):
        return []
    text = (
        f"shuffled labels score {100 * float(row['recall_macro']):.1f} %, above chance "
        f"({100 * float(row['chance']):.1f} %), so the folds let a model know a recording instead of its action"
    )
    return [Caveat(Kind.SHUFFLED_LEARNT, text, split)]
