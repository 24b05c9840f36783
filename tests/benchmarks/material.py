"""What the benchmarks run on: real clips where DARKHAR_TEST_CLIPS names a folder of them, else synthetic ones."""

import os
from pathlib import Path

import pandas as pd

from darkhar_cli.config.settings import RuntimeSettings, TrainSettings
from darkhar_cli.data import clip_dataset
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.training.experiment import Experiment, Setting, StreamParts

TRAIN = TrainSettings(epochs=10, early_stopping=False, precision="float32", mode="features")


def source() -> str:
    """Return which clips the figures are of."""
    return "real clips" if os.environ.get("DARKHAR_TEST_CLIPS") else "synthetic clips"


def some_clips(place: Path, classes: int, per_class: int) -> Clips:
    """Return `classes` x `per_class` clips, prepared under `place`."""
    root = os.environ.get("DARKHAR_TEST_CLIPS")
    if not root:
        request = {"name": "dark_synth", "config": "small", "seed": 0, "data_dir": str(place), "on_error": "stop"}
        every = clip_dataset.open_clips(request)
        kept = every.table[every.table["label"].isin(every.classes[:classes])].groupby("label").head(per_class)
        every.table, every.classes = kept.reset_index(drop=True).assign(split="train"), every.classes[:classes]
        return every
    rows = []
    for folder in sorted(Path(root).glob("train/*"))[:classes]:
        rows += [{"path": str(clip), "label": folder.name} for clip in sorted(folder.glob("*.mp4"))[:per_class]]
    pd.DataFrame(rows).to_csv(place / "clips.csv", index=False)
    request = {"name": "video_folder", "root": root, "labels": str(place / "clips.csv"), "group": None, "test": None}
    return clip_dataset.open_clips({**request, "data_dir": str(place), "on_error": "stop"})


def experiment(place: Path, extractor: str, frames: int, **parameters: object) -> Experiment:
    """Return the paper's model on these frames with a frozen extractor of random weights, and an empty bank."""
    parts = StreamParts(
        sampler=("linspace", {"frames": frames}),
        enhance=[("none", {})],
        extractor=(extractor, {"weights": "none", "size": 224, **parameters}),
        classifier=("lstm", {"units": 64, "dense": [32]}),
    )
    return Experiment({"": parts}, Setting(0, TRAIN, RuntimeSettings(), place / "features"))
