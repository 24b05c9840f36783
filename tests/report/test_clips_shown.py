"""Clips to be drawn: their frames are those of training, to the bit; cards and mistakes say what is measured."""

import cv2
import numpy as np
import pandas as pd
import pytest

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.data.video import write_video
from darkhar_cli.errors import BadRequest
from darkhar_cli.features.frame_loader import HostFrames
from darkhar_cli.randomness import SCORING, key_of
from darkhar_cli.report import clips_shown, enhancement_card, worst_mistakes

GAMMA = [("gamma", {"gamma": 0.4})]


@pytest.mark.parametrize("name", sorted(set(schema.options("enhance")) - {"retinex", "clahe"}))
def test_frames_are_those_that_training_gets(clips, name):
    chain, positions = [(name, schema.options("enhance")[name].defaults)], np.array([1, 4, 5])
    shown = clips_shown.of_data_set(clips, [3])[0]
    mine = clips_shown.Enhancer(chain)(shown.frames(positions))
    assert mine.dtype == np.float32
    np.testing.assert_array_equal(mine, HostFrames(clips, chain, None)(3, positions))


def test_a_sampler_picks_what_it_picks_in_scoring(clips):
    shown = clips_shown.of_data_set(clips, [2])[0]
    key = key_of(7, SCORING, clips.table.at[2, "digest"])
    expected, _ = registry.get("sampler", "random")(frames=4)(shown.n_frames, shown.fps, training=False, key=key)
    found = clips_shown.picked(("random", {"frames": 4, "short": "repeat_last"}), shown, seed=7)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(BadRequest, match=r"down_1_1\.mp4: a clip has"):
        clips_shown.picked(("uniform", {"frames": 99, "short": "error"}), shown)


def test_clips_of_a_class_are_spread_over_its_groups(clips):
    chosen = clips_shown.by_class(clips, 2)
    assert list(chosen) == clips.classes
    for rows in chosen.values():
        assert clips.table.loc[rows, "group"].nunique() == 2
    assert sum(map(len, clips_shown.by_class(clips, None).values())) == 12


def test_a_file_is_a_clip(tmp_path):
    (tmp_path / "a.mp4").write_bytes(write_video(np.full((5, 32, 48, 3), 40, np.uint8), 10))
    shown = clips_shown.of_file(tmp_path / "a.mp4")
    assert (shown.id, shown.n_frames, shown.fps, shown.times) == ("a.mp4", 5, 10.0, None)
    assert shown.frames().shape == (5, 32, 48, 3)
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(BadRequest, match=r"b\.mp4: "):
        clips_shown.of_file(tmp_path / "b.mp4")


def flat(levels):
    """Return a clip whose frames are of one level each."""
    frames = np.repeat(np.array(levels, np.uint8), 4 * 6 * 3).reshape(len(levels), 4, 6, 3)
    read = clips_shown.ClipShown("flat", "", "", "d", len(levels), 10.0, None, bytes)
    object.__setattr__(read, "frames", lambda positions=None: frames[positions])
    return read


def test_a_card_measures_luma_saturation_and_flicker():
    levels = np.array([10, 12, 10, 12, 255, 10.0])
    card = enhancement_card.measure_cards([("gamma", GAMMA)], [flat(levels)])[0]
    after = 255 * (levels / 255) ** 0.4
    for measured, expected in ((card.before, levels), (card.after, after)):
        assert measured.luma == pytest.approx(expected.mean(), rel=1e-5)
        assert measured.flicker == pytest.approx(100 * np.diff(expected).std() / expected.mean(), rel=1e-4)
        assert measured.saturated == pytest.approx(100 / 6)
        assert measured.confidence is None
    assert (card.clips, card.frames) == (1, 6)
    assert card.ms_per_frame > 0
    words = card.cells()
    assert words[0] == "gamma"
    assert words[2] == f"{levels.mean():.1f} → {after.mean():.1f}"
    assert words[-1] == "? → ?"
    assert len(words) == len(enhancement_card.TITLES)
    assert enhancement_card.cards_table([card])["luma_after"].iloc[0] == card.after.luma


def test_a_card_of_black_frames_has_no_flicker():
    card = enhancement_card.measure_cards([("gamma", GAMMA)], [flat([0, 0, 0])])[0]
    assert np.isnan(card.before.flicker)
    assert card.cells()[4] == "? → ?"


def predictions(ids, labels, p_right, frames="2 5 8"):
    rows = [
        {"split": "validation", "id": i, "group": "g", "label": label, "p_right": p, "p_down": 1 - p, "frames": frames}
        for i, label, p in zip(ids, labels, p_right, strict=True)
    ]
    return pd.DataFrame(rows)


def test_the_worst_mistake_is_the_surest_one(clips):
    ids = clips.table["id"].tolist()[:3]
    table = predictions([*ids, ids[0]], ["right", "down", "down", "right"], [0.3, 0.9, 0.2, 0.5])
    found = worst_mistakes.worst_mistakes(table, "validation")
    assert [(one.id, one.label, one.predicted) for one in found] == [
        (ids[1], "down", "right"),
        (ids[0], "right", "down"),
    ]
    assert [one.p_predicted for one in found] == pytest.approx([0.9, 0.6]), "the mean over scorings"
    assert [one.p_label for one in found] == pytest.approx([0.1, 0.4])
    assert found[0].frames == (2, 5, 8)
    assert worst_mistakes.worst_mistakes(table, "test") == []


def test_a_mistake_is_shown_as_recorded_and_as_the_model_saw_it(clips):
    clip_id = clips.table["id"].iloc[1]
    mistakes = worst_mistakes.worst_mistakes(predictions([clip_id, "gone"], ["right"] * 2, [0.1, 0.2]), "validation")
    shown = worst_mistakes.shown(mistakes, clips, GAMMA)
    assert [one.mistake.id for one in shown] == [clip_id], "a clip that is not there any more is left out"
    assert shown[0].position == 5
    recorded = clips_shown.of_data_set(clips, [1])[0].frames([5])
    for data, frames in ((shown[0].dark, recorded), (shown[0].enhanced, clips_shown.Enhancer(GAMMA).levels(recorded))):
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        difference = np.abs(pixels.astype(int) - frames[0].astype(int))
        assert difference.mean() < 2, "a JPEG's error"
        assert difference.max() < 40
