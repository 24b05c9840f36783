"""Ten minutes of joined real clips: the timeline is right where the joins are, and memory does not grow."""

import os
import subprocess
import sys

import pandas as pd
import pytest

from darkhar_cli import cli
from tests.helpers.joined_clips import join

CLASSES = ("Jump", "Sit", "Walk")  # one recording each, so that the place tells the class


@pytest.fixture(scope="module")
def place(real_clips, tmp_path_factory):
    """A folder with a finished run that knows three recordings by their background, and their clips."""
    place = tmp_path_factory.mktemp("long")
    for label in CLASSES:
        files = sorted((real_clips / "train" / label).glob("*.mp4"))
        recording = files[0].stem.rsplit("_", 1)[0]
        (place / "clips" / label).mkdir(parents=True)
        for file in files:
            if file.stem.startswith(f"{recording}_"):
                (place / "clips" / label / file.name).symlink_to(file)
    words = [
        "extractor=background",
        "classifier=linear",
        "sampler=all",
        "cv=stratified",
        "cv.folds=2",
        "train.epochs=60",
    ]
    words += ["dataset=video_folder", f"dataset.root={place / 'clips'}", "train.learning_rate=0.01"]
    assert cli.main(["train", *words, f"hydra.run.dir={place / 'run'}"]) == 0
    return place


def predicted(place, video, seconds):
    """Predict a video in a process of its own; return its events, the joins, and the most memory it took in MB."""
    files = {label: sorted((place / "clips" / label).glob("*.mp4")) for label in CLASSES}
    joins = join(place / video, files, seconds)
    command = [sys.executable, "-m", "darkhar_cli", "predict", "run", video, "window=3s", "stride=1s", "threshold=0"]
    command += ["timeline=times", f"output={video}.jsonl", "--quiet"]
    with subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL) as going:
        _, status, usage = os.wait4(going.pid, 0)
        going.returncode = os.waitstatus_to_exitcode(status)
    assert going.returncode == 0
    events = pd.read_csv(place / "times" / video.replace(".mp4", ".events.csv"))
    return events, joins, usage.ru_maxrss / 1024


@pytest.mark.slow
def test_ten_minutes_are_right_where_the_joins_are_and_memory_is_flat(place):
    _, _, little = predicted(place, "one.mp4", 60)
    events, joins, much = predicted(place, "ten.mp4", 600)
    assert much < 1.15 * little
    assert events["end"].iloc[-1] == pytest.approx(joins[-1][2], abs=0.1)
    wrong = 0.0  # seconds
    for _, event in events.iterrows():
        for label, start, end in joins:
            if label != event["label"]:
                wrong += max(0.0, min(end, event["end"]) - max(start, event["start"]))
    assert wrong < len(joins) * 1.0, "at each join at most a second, the distance of two windows"
