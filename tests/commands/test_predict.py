"""`darkhar predict`: a run's models on files, folders, pipes and long videos, as a user asks for them."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data.video import read_frames, write_video
from tests.conftest import moving_square, program, write_clips
from tests.helpers.evaluated_runs import CLASSES, P, said, train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run from features, and the folder that its clips are in."""
    place = tmp_path_factory.mktemp("run")
    words = ["extractor=luma", "enhance=gamma", "classifier=linear", "sampler.frames=3"]
    return train(place, *words, f"cache_dir={place / 'features'}")


@pytest.fixture(scope="module")
def long_video(tmp_path_factory):
    """Four seconds at 30 frames a second: a square that goes right, then one that stays."""
    path = tmp_path_factory.mktemp("long") / "long night.mp4"
    still = np.repeat(moving_square(2, 1, n=1), 60, axis=0)
    path.write_bytes(write_video([*moving_square(0, 0, n=20), *still, *still[:40]], 30))
    return path


@pytest.fixture
def night(tmp_path):
    """A folder with two good videos and a bad one."""
    write_clips(tmp_path / "night", classes=("right", "down"), takes=1)
    (tmp_path / "night" / "bad.mp4").write_text("I am no video")
    return tmp_path / "night"


def test_a_malformed_file_among_good_ones_fails_alone(darkhar, run, night):
    code, out, err = darkhar("predict", run, night)
    assert code == 1
    assert re.search(r"night/bad\.mp4: not a video", said(err))
    assert "1 of 3 videos failed" in err
    for words in ("right_0_0.mp4", "down_0_0.mp4", "failed", "not a video"):
        assert words in out
    threshold = r"3 models; uncertain below a confidence of 0\.\d\d: of the run's 18 own scored clips \d+ %"
    assert re.search(threshold, said(err))
    assert sum(out.count(f"{name}") for name in CLASSES) >= 6, "the best three of each"


def test_rows_go_to_a_file_in_the_format_that_its_suffix_says(darkhar, run, night, tmp_path):
    code, out, err = darkhar("predict", run, night, "output=rows.csv", "top=1")
    assert code == 1, err
    assert "right_0_0.mp4" in out, "the table is printed too"
    rows = pd.read_csv(tmp_path / "rows.csv", keep_default_na=False)
    assert rows["video"].str.rpartition("/")[2].tolist() == ["bad.mp4", "down_0_0.mp4", "right_0_0.mp4"]
    assert rows["error"].astype(bool).tolist() == [True, False, False]
    good = rows.iloc[1:]
    np.testing.assert_allclose(good[P].astype(float).sum(axis=1), 1, atol=1e-6)
    assert good["label"].tolist() == [CLASSES[i] for i in good[P].astype(float).to_numpy().argmax(axis=1)]
    code, out, _ = darkhar("predict", run, night / "right", "format=jsonl")
    (entry,) = map(json.loads, out.splitlines())
    assert entry["probabilities"] == {name: float(good.iloc[1][f"p_{name}"]) for name in CLASSES}
    assert code == 0
    assert json.loads(darkhar("predict", run, night / "right", "format=json")[1]) == [entry]
    (line,) = csv.DictReader(io.StringIO(darkhar("predict", run, night / "right", "format=csv")[1]))
    assert float(line["confidence"]) == entry["confidence"]


def test_the_runs_own_clips_are_said_to_be_and_come_again(darkhar, run, tmp_path):
    own = run.parent / "clips" / "train" / "right"
    code, _, err = darkhar("predict", run, own, "output=all.csv")
    assert code == 0, err
    assert "6 of 6 videos are clips that this run was trained on; folds=held-out" in said(err)
    code, _, err = darkhar("predict", run, own, "folds=held-out", "output=held.csv")
    assert "trained on;" not in err
    then = pd.read_csv(run / "predictions.csv")
    then = then[(then["split"] == "validation") & (then["label"] == "right")].set_index("id")
    now = pd.read_csv(tmp_path / "held.csv")
    names = [f"train/right/{name}" for name in now["video"].str.rpartition("/")[2]]
    np.testing.assert_allclose(now[P], then.loc[names, P], rtol=2e-5, atol=1e-7)
    assert now["luma"].tolist() == pytest.approx(then.loc[names, "luma"].tolist(), abs=2e-3)


def test_a_long_video_is_cut_into_windows_with_a_timeline(darkhar, run, long_video, tmp_path):
    code, out, err = darkhar("predict", run, long_video, "timeline=times", "output=rows.csv", "threshold=0")
    assert code == 0, err
    rows = pd.read_csv(tmp_path / "rows.csv")
    assert len(rows) > 8
    usual = rows["end"] - rows["start"]
    assert (usual - usual.iloc[0]).abs().max() < 0.01
    assert rows["end"].iloc[-1] == pytest.approx(4.0, abs=0.02)
    for name in ("timeline.csv", "events.csv", "timeline.png"):
        assert (tmp_path / "times" / f"long night.{name}").is_file()
    events = pd.read_csv(tmp_path / "times" / "long night.events.csv")
    assert events["start"].iloc[0] == 0
    np.testing.assert_allclose(events["start"].iloc[1:], events["end"].iloc[:-1], atol=1e-6)
    assert events["windows"].sum() == len(rows)
    assert "nobody moves" in events["notes"].iloc[-1]
    assert "event" in out
    assert "long night.events.csv" in err


def test_windows_can_be_chosen_or_left_out(darkhar, run, long_video, tmp_path):
    assert darkhar("predict", run, long_video, "window=1s", "stride=500ms", "output=a.csv")[0] == 0
    rows = pd.read_csv(tmp_path / "a.csv")
    assert rows["start"].tolist() == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3], abs=0.02)
    code, _, err = darkhar("predict", run, long_video, "window=whole", "output=b.csv")
    assert code == 0, err
    (row,) = pd.read_csv(tmp_path / "b.csv").to_dict("records")
    assert (row["start"], row["end"]) == (0.0, 4.0)
    assert "much longer than the training clips (4.0 s" in row["notes"]


def test_an_overlay_shows_both_sides(darkhar, run, long_video, tmp_path):
    code, _, err = darkhar("predict", run, long_video, "overlay=out.mp4")
    assert code == 0, err
    frames = read_frames((tmp_path / "out.mp4").read_bytes())
    assert len(frames) == 120
    left, right = np.split(frames.astype(float)[:, 60:], 2, axis=2)
    assert frames.shape[1] == 360
    assert right.mean() > 1.5 * left.mean(), "gamma brightens"
    assert (frames[:, :50] > 200).any(axis=(1, 2, 3)).all(), "the label is white"
    with av.open(str(tmp_path / "out.mp4")) as video:
        assert float(video.streams.video[0].average_rate) == pytest.approx(30, abs=0.5)


def test_a_pipe_is_read_as_it_comes(run, long_video, tmp_path):
    command = [sys.executable, "-m", "darkhar_cli", "predict", str(run), "-", "format=jsonl", "--quiet"]
    frames = read_frames(long_video.read_bytes())
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        stream = out.add_stream("mpeg4", rate=30)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        out.mux(stream.encode(None))
    given = {"input": buffer.getvalue(), "cwd": tmp_path, "timeout": 280}
    answer = subprocess.run(command, capture_output=True, check=False, **given)
    assert answer.returncode == 0, answer.stderr
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert rows[-1]["end"] == pytest.approx(4.0, abs=0.05)
    assert {row["video"] for row in rows} == {"standard input"}


def listen():
    """Take SIGINT, which a test run in the background hands on as ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interruption_leaves_whole_rows(run, long_video, tmp_path):
    many = tmp_path / "many"
    many.mkdir()
    for i in range(400):
        os.link(long_video, many / f"{i:03}.mp4")
    command = [sys.executable, "-m", "darkhar_cli", "predict", str(run), str(many), "output=rows.jsonl", "stride=50ms"]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*command, "window=300ms"], cwd=tmp_path, text=True, preexec_fn=listen, **pipes) as going:
        deadline = time.monotonic() + 250
        rows = tmp_path / "rows.jsonl"
        while time.monotonic() < deadline and not (rows.exists() and rows.stat().st_size > 2000):
            time.sleep(0.05)
        going.send_signal(signal.SIGINT)
        _, err = going.communicate(timeout=60)
    assert going.returncode == 130, err
    assert "interrupted; every row that is written is whole" in err
    text = rows.read_text()
    assert text.endswith("\n")
    assert all("label" in json.loads(line) for line in text.splitlines())


def test_wrong_words_are_answered(darkhar, run, night):
    cases = [
        (["nowhere", night], "nowhere: no such folder"),
        ([run], "predict takes a run folder and videos"),
        ([run, "nigt"], "nigt: no such file; did you mean 'night'"),
        ([run, night, "formt=csv"], "predict does not know 'formt=csv'; it takes a run folder.*did you mean 'format'"),
        ([run, night, "format=cvs"], "unknown format 'cvs'; choose from csv, json.*did you mean 'csv'"),
        ([run, night, "folds=held"], "unknown folds 'held'; choose from all, auto, final, held-out"),
        ([run, night, "calibrate=yes"], "calibrate=yes: allowed are true and false"),
        ([run, night, "window=3x"], "window=3x: allowed is auto, whole, or a time in seconds, for instance window=3s"),
        ([run, night, "stride=0"], "stride=0: allowed is a time in seconds"),
        ([run, night, "window=whole", "stride=1s"], "stride=1s does nothing with window=whole"),
        ([run, night, "top=0"], "top=0: allowed is a whole number from 1 to 1000"),
        ([run, night, "accuracy=90"], "accuracy=90: allowed is a number from 0 to 1"),
        ([run, night, "output=rows.txt"], "output=rows.txt: give format=csv, json or jsonl"),
        ([run, night, "overlay=x.mp4"], "overlay=.*x.mp4 draws one video file; give one"),
        ([run, night / "bad.mp4", f"overlay={night / 'bad.mp4'}"], "is the video itself"),
        ([run, night / "bad.mp4", "overlay=x.avi"], "give a file that ends in .mp4"),
        ([run, night, f"output={night}", "format=csv"], "is a folder; give a file"),
        ([run, "rtsp://cam/1"], "rtsp://cam/1 is an address: give allow_network=true"),
    ]
    for words, problem in cases:
        code, out, err = darkhar("predict", *words)
        assert code == 2, words
        assert re.search(problem.replace("?", r"\?"), said(err)), (words, err)
        assert out == ""


def test_models_that_are_not_the_runs_are_refused_before_any_video(darkhar, run, night, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "models/fold_0.keras").write_bytes((copy / "models/fold_1.keras").read_bytes())
    code, _, err = darkhar("predict", copy, night, "output=rows.csv")
    assert code == 2
    assert "fold_0.keras has other weights than the run saved" in said(err)
    assert not (tmp_path / "rows.csv").exists()


def test_a_wrong_word_needs_no_tensorflow(run, night):
    code = "import sys\nfrom darkhar_cli import cli\nprint(cli.main(sys.argv[1:]), 'tensorflow' in sys.modules)\n"
    words = ["predict", str(run), str(night), "window=3x"]
    answer = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "2 False"


def test_a_video_of_another_kind_is_said_to_be(darkhar, run, tmp_path):
    bright = np.clip(moving_square(0, 0).astype(int) + 150, 0, 255).astype(np.uint8)
    (tmp_path / "day.mp4").write_bytes(write_video(bright, 60))
    code, out, err = darkhar("predict", run, "day.mp4", "format=json")
    assert code == 0, err
    (entry,) = json.loads(out)
    assert [note.partition(" (")[0] for note in entry["notes"]] == [
        "much brighter than the training clips",
        "another frame rate",
    ]


def test_help_explains_every_key(darkhar):
    code, out, _ = darkhar("predict", "--help")
    assert code == 0
    for key in ("folds=", "calibrate=", "window=", "accuracy=", "format=", "timeline=", "overlay=", "allow_network="):
        assert key in out
    assert program("predict", cwd=os.curdir).returncode == 0
