"""What lies outside of the training clips is said: brightness, rate, length, and that nobody moves."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data.loose_clips import clip_of_bytes, clip_of_frames
from darkhar_cli.data.video import write_video
from darkhar_cli.extractors.luma import luma
from darkhar_cli.prediction.input_range import InputRange, Look, change_of, look
from darkhar_cli.runs.run_folder import Run
from tests.conftest import moving_square

KNOWN = InputRange(luma=(5.0, 12.0, 30.0), fps=(25.0, 30.0, 30.0), seconds=(1.0, 2.0, 4.0))


def clip(n=60, fps=30.0):
    return clip_of_frames("clip", [np.zeros((4, 6, 3), np.uint8)] * n, fps)


@pytest.mark.parametrize(
    ("n", "fps", "luma_", "change", "said"),
    [
        (60, 30, 12, 9, ""),
        (60, 30, 2.4, 9, r"much darker than the training clips \(mean luma 2\.4; they have 5 to 30\)"),
        (60, 30, 61, 9, r"much brighter than the training clips \(mean luma 61\.0"),
        (60, 27, 59, 9, ""),
        (60, 15, 12, 9, r"another frame rate \(15 a second; training clips have 25 to 30\)"),
        (120, 60, 12, 9, r"another frame rate \(60"),
        (300, 30, 12, 9, r"much longer than the training clips \(10\.0 s; they have 1 to 4\)"),
        (14, 30, 12, 9, r"much shorter than the training clips \(0\.5 s"),
        (60, 30, 12, 0.4, r"nobody moves \(no part of the picture changes by more than 0\.4 grey levels\)"),
        (1, 30, 12, 0.0, "much shorter"),
    ],
)
def test_what_is_outside_is_said(n, fps, luma_, change, said):
    notes = KNOWN.notes(clip(n, fps), Look(luma_, change))
    assert len(notes) == bool(said)
    if said:
        assert re.search(said, notes[0])


def test_length_is_no_matter_in_windows():
    assert KNOWN.notes(clip(300), Look(12, 9), whole=False) == ()


def test_brightness_is_what_a_run_measures():
    frames = moving_square(0, 0, n=40)
    seen = look(clip_of_frames("x", frames, 30))
    positions = np.linspace(0, 39, 16).round().astype(int)
    expected = luma().function(frames[positions].astype(np.float32))[:, 0].mean(dtype=np.float64) * 255
    assert seen.luma == pytest.approx(expected, abs=1e-5)


def test_who_moves_is_told_from_noise_and_flicker():
    rng = np.random.default_rng(0)
    still = np.repeat(moving_square(2, 0, n=1), 30, axis=0).astype(float)
    flicker = still * rng.normal(1, 0.05, (30, 1, 1, 1)) + rng.normal(0, 2, still.shape)
    flicker = np.clip(flicker, 0, 255).round().astype(np.uint8)
    assert look(clip_of_frames("flicker", flicker, 30)).change < 1.5
    assert look(clip_of_bytes("moving", write_video(moving_square(0, 0, n=30), 30))).change > 10
    assert change_of([np.zeros((48, 64), np.float32)] * 3) == 0


def test_an_older_runs_range_is_that_of_its_scored_clips(tmp_path):
    run = Run(tmp_path)
    table = pd.DataFrame({"split": ["validation"] * 3 + ["darkened"], "luma": [4.0, 8.0, 20.0, 1.0]})
    run.save("predictions.csv", table)
    assert InputRange.of_run(run) == InputRange(luma=(4.0, 8.0, 20.0))
    facts = {"training_clips": {"luma": [1, 2, 3], "fps": [25, 25, 25], "seconds": [1, 1, 2], "n": 4}}
    (tmp_path / "run.json").write_text(json.dumps(facts))
    assert InputRange.of_run(run) == InputRange((1, 2, 3), (25, 25, 25), (1, 1, 2))
