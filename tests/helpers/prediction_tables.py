"""Tables of predictions, as runs write them."""

import numpy as np
import pandas as pd

from darkhar_cli.metrics import tables

CLASSES = ["a", "b", "c"]
NAMES = ["dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed"]
LABELS = dict(zip(NAMES, "duneLcs", strict=True))


def drawn() -> pd.DataFrame:
    """Return predictions of three folds, each of ten clips of its own and of the same eight test clips."""
    rng = np.random.default_rng(0)
    rows = []
    for fold in range(3):
        clips = [("validation", f"v{fold}{i}") for i in range(10)] + [("test", f"t{i}") for i in range(8)]
        for split, name in clips:
            p = rng.dirichlet(np.ones(3))
            label = CLASSES[sum(map(ord, name)) % 3]
            predicted = CLASSES[p.argmax()]
            rows.append((split, 0, fold, name, "g", label, predicted, *p, "0 1"))
    columns = [*tables.KEYS, "group", "label", "predicted", *(f"p_{c}" for c in CLASSES), "frames"]
    return pd.DataFrame(rows, columns=columns)


def table_of(right, groups=None, split="validation", folds=1, luma=None, classes=6):
    """Return predictions of len(right) clips: where `right`, the label's own class has most probability."""
    names = [f"c{i}" for i in range(classes)]
    rows = []
    for fold in range(folds):
        for i, hit in enumerate(right):
            label = names[i % classes]
            p = np.full(classes, 0.1 / (classes - 1))
            said = i % classes if hit else (i + 1) % classes
            p[said] = 0.9
            group = groups[i] if groups is not None else ""
            rows.append((split, 0, fold, f"v{i}", group, label, names[said], *p, "0", luma[i] if luma else 16.0))
    columns = [*tables.KEYS, "group", "label", "predicted", *(f"p_{c}" for c in names), "frames", "luma"]
    return pd.DataFrame(rows, columns=columns), names
