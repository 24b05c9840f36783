"""What is predicted of a stretch of a video, and its row in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from darkhar_cli.names import printable

UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class PredictedSpan:
    """What is predicted of a video, or of a window of it.

    Attributes:
        video: its name.
        start, end: seconds from the video's start.
        probabilities: (K,), sum 1.
        luma: mean brightness, 0..255.
        notes: what is out of the range of the training clips, or wrong with the file.
        centre: start and end of the stretch that this window speaks for, between the middles of its neighbours.
        window: whether it is one of several.
    """

    video: str
    start: float
    end: float
    probabilities: np.ndarray
    luma: float = float("nan")
    notes: tuple[str, ...] = ()
    centre: tuple[float, float] = (0.0, 0.0)
    window: bool = False

    @property
    def confidence(self) -> float:
        """Return the highest probability."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class FailedVideo:
    """A video that could not be predicted, or not to its end, and why."""

    video: str
    reason: str


@dataclass(frozen=True)
class RowFormat:
    """How spans become rows.

    Attributes:
        classes: names in the order of probabilities.
        threshold: confidence below which a prediction is called uncertain.
        top: how many classes a row names, best first.
    """

    classes: tuple[str, ...]
    threshold: float = 0.0
    top: int = 3

    @property
    def columns(self) -> list[str]:
        """Return the columns of csv."""
        head = ["video", "start", "end", "label", "confidence", "uncertain", "luma", "notes", "error"]
        return [*head, *(f"p_{name}" for name in self.classes)]

    def best(self, span: PredictedSpan) -> list[tuple[str, float]]:
        """Return the best classes with their probabilities."""
        order = np.argsort(-span.probabilities, kind="stable")[: self.top]
        return [(self.classes[i], float(span.probabilities[i])) for i in order]

    def uncertain(self, span: PredictedSpan) -> bool:
        """Whether a span's confidence lies below the threshold."""
        return span.confidence < self.threshold

    def label(self, span: PredictedSpan) -> str:
        """Return the most likely class."""
        return self.classes[int(span.probabilities.argmax())]

    def row(self, found: PredictedSpan | FailedVideo) -> dict[str, Any]:
        """Return a row of csv as plain values."""
        if isinstance(found, FailedVideo):
            empty = dict.fromkeys(self.columns, "")
            return empty | {"video": printable(found.video), "error": printable(found.reason)}
        return {
            "video": printable(found.video),
            "start": round(found.start, 3),
            "end": round(found.end, 3),
            "label": self.label(found),
            "confidence": _short(found.confidence),
            "uncertain": str(self.uncertain(found)).lower(),
            "luma": "" if np.isnan(found.luma) else round(found.luma, 3),
            "notes": "; ".join(found.notes),
            "error": "",
            **{f"p_{name}": _short(p) for name, p in zip(self.classes, found.probabilities, strict=True)},
        }

    def entry(self, found: PredictedSpan | FailedVideo) -> Mapping[str, Any]:
        """Return an entry of json."""
        row = self.row(found)
        if isinstance(found, FailedVideo):
            return {"video": row["video"], "error": row["error"]}
        named = {key: row[key] for key in ("video", "start", "end", "label", "confidence")}
        luma = None if np.isnan(found.luma) else row["luma"]
        p = {name: row[f"p_{name}"] for name in self.classes}
        top = [[name, _short(p)] for name, p in self.best(found)]
        rest = {"uncertain": self.uncertain(found), "luma": luma, "notes": list(found.notes)}
        return {**named, **rest, "top": top, "probabilities": p}


def _short(value: float) -> float:
    """Return a number to 8 digits, as all tables keep them."""
    return float(f"{value:.8g}")


def table_of(names: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Return a row per clip: id, label, confidence, and `p_<class>` of each class.

    Args:
        names: of the clips (N,).
        probabilities: (N, K).
        classes: (K,) names.
    """
    best = probabilities.argmax(axis=1)
    columns = {"id": list(names), "label": [classes[i] for i in best], "confidence": probabilities.max(axis=1)}
    return pd.DataFrame(columns | {f"p_{name}": probabilities[:, i] for i, name in enumerate(classes)})
