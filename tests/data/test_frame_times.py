"""When frames are shown: read as written, constant rates told from irregular ones, and what irregular clips become."""

import shutil

import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data.frame_times import IRREGULAR, frame_times, frames_at, irregular, irregular_note, timing_of
from darkhar_cli.data.video import inspect, read_frames
from tests.conftest import moving_square, only
from tests.helpers.irregular_clips import irregular_times, write_at

FRAMES = moving_square(0, 0, n=20)
TIMES = irregular_times(20)


@pytest.mark.parametrize(("form", "unit"), [("mp4", 90_000), ("mp4", 600), ("matroska", 1000)])
def test_times_are_read_as_they_were_written(form, unit):
    data = write_at(FRAMES, TIMES, form, unit)
    n_frames = inspect(data).n_frames
    assert n_frames == 20
    decoded = frame_times(data)
    np.testing.assert_allclose(decoded, TIMES, atol=0.51 / unit)
    np.testing.assert_array_equal(frame_times(data, n_frames), decoded, "packets tell the same")
    np.testing.assert_array_equal(frame_times(data, 19), decoded, "packets that tell of other frames are not believed")


def test_edit_lists_are_respected():
    data = write_at(FRAMES, TIMES, skip=5)
    assert len(read_frames(data)) == inspect(data).n_frames == 15
    for n_frames in (None, 15):
        np.testing.assert_allclose(frame_times(data, n_frames), TIMES[5:] - TIMES[5], atol=1e-5)


@pytest.mark.parametrize(("form", "fps"), [("h264", 25.0), ("avi", 30.0)])
def test_frames_without_times_come_at_the_clips_rate(form, fps):
    data = write_at(FRAMES, np.arange(20) / 30, form, 30)
    assert inspect(data).fps == fps
    for n_frames in (None, 20):
        np.testing.assert_allclose(frame_times(data, n_frames), np.arange(20) / fps)


def test_a_damaged_clip_is_named():
    from darkhar_cli.data.video import ClipError

    with pytest.raises(ClipError, match="not a video"):
        frame_times(b"no video", 3)


@pytest.mark.parametrize(
    ("times", "announced", "fps", "jitter"),
    [
        (np.arange(50) / 30, 30.0, 30.0, 0.0),
        (np.round(np.arange(50) / 30, 3), 30.0, 30.0, 0.01),  # milliseconds
        (np.arange(50) / 25, 30.0, 25.0, 0.0),  # the file lies
        (np.arange(50) / 25, 0.0, 25.0, 0.0),  # or does not know
        (np.delete(np.arange(51), 20) / 30, 30.0, 30.0, 0.5),  # one frame left out: no frame is more than half off
        (np.zeros(1), 30.0, 30.0, 0.0),
        (np.array([0, 0.5]), 30.0, 2.0, 0.0),
        (np.zeros(3), 30.0, 30.0, 0.0),  # all at once: nothing is known
    ],
)
def test_constant_rates(times, announced, fps, jitter):
    timing = timing_of(times, announced)
    assert timing.fps == pytest.approx(fps, rel=1e-9)
    assert timing.jitter == pytest.approx(jitter, abs=2e-3)
    assert not len(timing.times)
    if fps == announced:
        assert timing.fps == announced, "to the bit"


@pytest.mark.parametrize(
    ("times", "jitter"),
    [
        (np.delete(np.arange(52), [20, 21]) / 30, 0.96),
        (np.append(np.arange(49), 60) / 30, 4.5),
        (np.concatenate([np.arange(30) / 30, 1 + np.arange(30) / 20]), 3.0),
        (TIMES, 1.09),
    ],
)
def test_irregular_times(times, jitter):
    timing = timing_of(times, 30.0)
    assert timing.jitter == pytest.approx(jitter, rel=0.05)
    assert timing.jitter > IRREGULAR
    assert timing.fps == pytest.approx((len(times) - 1) / times[-1])
    np.testing.assert_array_equal(timing.times, times)


def test_real_clips_have_constant_rates(real_clips):
    for path in sorted(real_clips.glob("train/*/*.mp4"))[::6]:
        data = path.read_bytes()
        info = inspect(data)
        times = frame_times(data, info.n_frames)
        assert len(times) == info.n_frames
        timing = timing_of(times, info.fps)
        assert (timing.fps, len(timing.times)) == (info.fps, 0)


def test_the_frame_that_is_shown_at_a_moment():
    np.testing.assert_allclose(frames_at(np.arange(20), np.arange(20) / 30), np.arange(20), rtol=1e-6)
    positions = frames_at(np.array([0, 9.5, 19]), TIMES)
    assert positions[[0, 2]].tolist() == [0, 19]
    low = int(positions[1])
    assert np.interp(positions[1], [low, low + 1], TIMES[low : low + 2]) == pytest.approx(TIMES[-1] / 2)


def test_what_is_said_of_irregular_clips():
    table = pd.DataFrame({"id": ["a.mp4", "b.mp4", "c.mp4"], "jitter": [0.7, 0.5, 3.21]})
    assert irregular(table).tolist() == [True, False, True]
    said = "2 clips have irregular frame times: c.mp4 (up to 3.2 frames off), a.mp4 (up to 0.7 frames off)"
    assert irregular_note(table) == said
    assert irregular_note(table[:1]).startswith("1 clip has irregular frame times: a.mp4")
    assert irregular_note(table[1:2]) == ""
    many = pd.DataFrame({"id": [f"{i}.mp4" for i in range(13)], "jitter": 1.0})
    assert irregular_note(many).endswith(", 9.mp4 (up to 1.0 frames off) and 3 more")


def test_every_verb_that_reads_clips_names_irregular_ones(own_clips, own_clips_folder, darkhar, tmp_path, fake_tflite):
    shutil.copytree(own_clips_folder, tmp_path / "clips")
    own_clips[1] = f"dataset.root={tmp_path / 'clips'}"
    frames = moving_square(0, 1, n=20)
    place = tmp_path / "clips" / "train" / "right" / "right_0_0.mp4"
    place.write_bytes(write_at(frames, irregular_times(20)))
    said = "1 clip has irregular frame times: train/right/right_0_0.mp4 (up to 1.1 frames off)"
    for verb in ("prepare", "check"):
        code, _, err = darkhar(verb, *(own_clips if verb == "prepare" else own_clips[:2]))
        assert code == (verb == "check"), err  # which finds copies in the test split
        assert said in " ".join(err.split()), verb
    words = ["sampler=rate", "sampler.fps=15", "sampler.steps=null", "extractor=pose"]
    words += [f"extractor.weights={fake_tflite}", "classifier=linear", "train.epochs=1", "cv.folds=2"]
    code, _, err = darkhar("train", *own_clips, *words)
    assert code == 0, err
    assert said in (only(tmp_path / "outputs" / "train") / "log.txt").read_text()
