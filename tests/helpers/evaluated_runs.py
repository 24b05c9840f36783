"""Runs on clips of three classes that `evaluate` takes, and what must come again."""

import numpy as np
import pandas as pd

from darkhar_cli import cli
from tests.conftest import write_clips

MADE = [
    *(f"metrics/{name}.csv" for name in ("folds", "summary", "brightness", "per_class", "confusion")),
    "report.html",
    "figures/confusion_validation.svg",
    "figures/confusion_test.svg",
    "figures/history.svg",
]
CLASSES = ["down", "right", "stay"]
P = [f"p_{name}" for name in CLASSES]
GROUP = r"dataset.group=^([a-z]+_\d+)_"


def train(place, *words):
    """Train on clips of three classes, of which one each is held out; return the run folder."""
    home = place / "clips"
    write_clips(home / "train", takes=6, groups=3)
    write_clips(home / "test", takes=1, height=40)  # no clip of it is byte for byte one of train
    words = ["train", "dataset=video_folder", f"dataset.root={home}", GROUP, "train.epochs=2", *words]
    assert cli.main([*words, f"hydra.run.dir={place / 'run'}"]) == 0
    return place / "run"


def bytes_of(folder, names=MADE):
    return {name: (folder / name).read_bytes() for name in names}


def said(err):
    return " ".join(err.split())


def same_as_in_the_run(folder, run):
    """Compare what a fold says of its validation clips now and when it was trained."""
    now, then = (pd.read_csv(place / "predictions.csv") for place in (folder, run))
    both = now.merge(then[then["split"] == "validation"], on=["repeat", "fold", "id"], suffixes=("", "_then"))
    assert len(both) == (then["split"] == "validation").sum()
    np.testing.assert_allclose(both[P], both[[f"{name}_then" for name in P]], rtol=1e-5, atol=1e-7)
    assert (both["frames"] == both["frames_then"]).all()
    assert (both["label"] == both["label_then"]).all()
    assert (both["luma"] == both["luma_then"]).all()
