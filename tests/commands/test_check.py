"""`darkhar check`: statistics against an independent reference, tolerances, and what real dark clips give."""

import re

import cv2
import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data import clip_dataset, low_light_statistics
from darkhar_cli.data.low_light_statistics import QUANTITIES, Quantity, measure
from darkhar_cli.data.video import write_video
from tests.conftest import write_clips


@pytest.fixture
def grey():
    """Thirty grey frames: left half of level 5, right half of 35 with noise of known deviation."""
    rng = np.random.default_rng(0)
    frames = np.full((30, 40, 60), 5, np.uint8)
    frames[:, :, 30:] = np.clip(np.rint(35 + rng.normal(0, 2.0, (30, 40, 30))), 30, 39)
    return np.repeat(frames[..., None], 3, axis=3)


def test_brightness_is_that_of_sixteen_frames(grey):
    found = measure(grey, size=3000, fps=30.0)
    luma = np.stack([cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in grey[np.linspace(0, 29, 16).round().astype(int)]])
    assert found["mean"] == pytest.approx(luma.mean())
    assert found["median"] == np.quantile(luma, 0.5, method="inverted_cdf")
    assert found["p99"] == np.quantile(luma, 0.99, method="inverted_cdf")
    assert found["dark"] == 0.5
    assert found["frames"] == 30
    assert found["rate"] == pytest.approx(3000 * 8 / 1000, rel=1e-12), "one second"


def test_noise_is_the_deviation_in_the_pixels_own_bin(grey):
    found = measure(grey, size=1, fps=30.0)
    assert found["noise_0-9"] == 0
    assert found["noise_30-39"] == pytest.approx(2.0, abs=0.4)
    assert np.isnan(found["noise_10-19"]), "no pixel there"
    assert np.isnan(found["noise_50+"])


def test_what_moves_for_a_moment_is_not_noise():
    frames = np.full((30, 40, 60, 3), 25, np.uint8)
    frames[14:16, 10:30, 10:30] = 60
    assert measure(frames, size=1, fps=30.0)["noise_20-29"] == 0


def test_flicker_is_the_deviation_of_the_steps_of_mean_luma():
    levels = np.array([10, 12, 10, 13, 10, 10, 11, 10])
    frames = np.repeat(levels, 40 * 60 * 3).reshape(8, 40, 60, 3).astype(np.uint8)
    assert measure(frames, size=1, fps=30.0)["flicker"] == pytest.approx(np.std(np.diff(levels)))
    assert np.isnan(measure(frames[:1], size=1, fps=30.0)["flicker"])


@pytest.mark.parametrize(("of", "value"), [("p10", 1.9), ("median", 5.5), ("p90", 9.1), ("mean", 5.5)])
def test_a_quantity_takes_clips_together(of, value):
    clips = pd.DataFrame({"mean": [*range(1, 11), np.nan]})
    assert Quantity("x", "mean", of, 0.0).value(clips) == pytest.approx(value)


def test_tolerances_hold_at_their_ends_and_nothing_measured_is_out():
    quantity = Quantity("x", "mean", "mean", 16.0, 12.0, 20.0)
    assert quantity.accepts(12.0)
    assert quantity.accepts(20.0)
    assert not quantity.accepts(20.01)
    assert not quantity.accepts(float("nan"))
    assert Quantity("x", "mean", "mean", 16.0).accepts(99.0)


def perfect(**changes):
    """Return 60 clips that all have what real clips have, but for some columns."""
    values = {q.column: q.real for q in QUANTITIES if q.of in ("median", "mean")} | {"mean": 16.0} | changes
    clips = pd.DataFrame([values] * 60)
    if "mean" not in changes:
        clips["mean"] = np.geomspace(8.2, 34.0, 60)
    return clips


def test_the_table_says_which_quantity_is_out():
    table = low_light_statistics.acceptance(perfect(), held=True).set_index("quantity")
    assert set(table["ok"]) == {"ok", ""}
    table = low_light_statistics.acceptance(perfect(dark=0.55), held=True).set_index("quantity")
    assert table.index[table["ok"] == "out"].tolist() == ["share of pixels <= 10, mean"]
    free = low_light_statistics.acceptance(perfect(dark=0.55), held=False)
    assert set(free["ok"]) == {""}
    assert free["low"].isna().all()


def test_small_is_within_the_tolerances_and_the_table_is_written(darkhar, tmp_path):
    code, out, err = darkhar("check", f"to={tmp_path / 'acceptance.csv'}")
    assert code == 0, err
    assert "dark_synth: 72 of 72 clips" in out
    table = pd.read_csv(tmp_path / "acceptance.csv", keep_default_na=False)
    assert list(table.columns) == ["quantity", "value", "low", "high", "real", "here", "ok"]
    assert table["ok"].value_counts()["ok"] == sum(q.low is not None for q in QUANTITIES)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_small_of_other_seeds_is_within_the_tolerances(darkhar, seed):
    code, out, err = darkhar("check", f"dataset.seed={seed}")
    assert code == 0, err
    assert "accepted" in out


def test_clips_out_of_tolerance_fail(darkhar, monkeypatch):
    tight = [Quantity("clip mean luma, median", "mean", "median", 16.0, 0.0, 1.0), QUANTITIES[0]]
    monkeypatch.setattr(low_light_statistics, "QUANTITIES", tight)
    code, out, err = darkhar("check")
    assert code == 1
    assert "out of tolerance: clip mean luma, median" in err
    assert "accepted" in out


@pytest.mark.parametrize("words", [["dataset.light=bright"], ["dataset.regime=raw"], []])
def test_nothing_is_held_against_bright_raw_or_few_clips(darkhar, words):
    code, out, err = darkhar("check", "dataset.config=tiny", *words)
    assert code == 0
    assert "24 of 24 clips" in out
    assert "accepted" not in out
    assert ("too few" in err) == (not words)


def test_of_twins_only_the_dark_are_measured(darkhar, tmp_path):
    assert darkhar("check", "dataset.config=tiny", f"to={tmp_path / 'dark.csv'}")[0] == 0
    code, out, _ = darkhar("check", "dataset.config=tiny", "dataset.light=both", f"to={tmp_path / 'both.csv'}")
    assert code == 0
    assert "24 of 48 clips" in out
    assert (tmp_path / "both.csv").read_bytes() == (tmp_path / "dark.csv").read_bytes()


def test_any_data_set_can_be_measured(darkhar, tmp_path):
    root = write_clips(tmp_path / "clips")
    code, out, _ = darkhar("check", "dataset=video_folder", f"dataset.root={root}")
    assert code == 0
    assert "video_folder: 12 of 12 clips" in out
    row = re.search(r"frames, median +([0-9.]+)", out)
    assert float(row[1]) == 11.5, "clips of 10 to 13 frames"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sampler=uniform"], "check does not know 'sampler=uniform'.*dataset"),
        (["dataset=dark_sinth"], "did you mean 'dark_synth'"),
        (["dataset.light=dim"], "dataset.light='dim': allowed is dark | bright | both"),
        (["rael=x"], "did you mean 'real'"),
        (["real="], "check does not know 'real='"),
        (["dataset.config=tiny", "real=/nowhere"], "no train.txt in /nowhere"),
        (["to=."], "is a folder; give a file"),
    ],
)
def test_bad_requests_are_one_message(darkhar, words, said):
    code, out, err = darkhar("check", *words)
    assert code == 2
    assert re.search(said.replace("|", r"\|"), err.replace("\n", " "))
    assert out == ""


def test_a_clip_that_cannot_be_read_is_named(prepared_clips, monkeypatch):
    monkeypatch.setattr(prepared_clips, "video", lambda row: b"no video")
    with pytest.raises(low_light_statistics.FailedWork, match=r"down/down_0_0\.mp4: not a video"):
        low_light_statistics.measured(prepared_clips, [0])


def test_a_still_clip_written_and_read_has_no_noise(tmp_path):
    clip = np.full((12, 48, 64, 3), 40, np.uint8)
    from darkhar_cli.data.video import read_frames

    found = measure(read_frames(write_video(clip, 30)), size=1, fps=30.0)
    assert found["flicker"] == 0
    assert found["mean"] == pytest.approx(40, abs=1.5)


@pytest.mark.slow
def test_real_clips_give_the_published_values(real_clips):
    """The code's own figures of 150 of the 246 clips lie near those that stand in the table."""
    request = {"name": "ee6222har", "root": str(real_clips), "data_dir": None, "on_error": "stop"}
    clips = clip_dataset.open_clips(request)
    seen = low_light_statistics.measured(clips, clips.table.index.tolist())
    for quantity in QUANTITIES:
        value = quantity.value(seen)
        if quantity.name.startswith("noise"):
            assert value == pytest.approx(quantity.real, abs=0.6), quantity.name
        else:
            assert value == pytest.approx(quantity.real, rel=0.35, abs=0.02), quantity.name


def test_the_contact_sheet_has_every_action(tmp_path):
    from tests.tools import contact_sheet

    rows = contact_sheet.rows_of("sit", 2)
    assert list(rows) == ["bright", "dark", "histeq"]
    assert {frames.shape for frames in rows.values()} == {(contact_sheet.COLUMNS, 240, 320, 3)}
    assert rows["dark"].mean() < rows["histeq"].mean()
