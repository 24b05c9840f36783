"""How clips look: brightness and backgrounds, computed once per clip."""

import numpy as np
import pytest

from darkhar_cli.data.background_similarity import ALIKE, HEIGHT, WIDTH, clusters, outlines, scene_names
from darkhar_cli.data.corruption import Darkening
from darkhar_cli.data.video import read_frames
from darkhar_cli.extractors.background import background
from darkhar_cli.extractors.luma import luma
from darkhar_cli.features import cached_features
from darkhar_cli.features.appearance import darkened_luma, look_at
from darkhar_cli.features.stored_caches import stored
from tests.helpers.scene_clips import take, write_scenes


def test_looks_are_what_the_extractors_say_of_the_whole_clip(clips, tmp_path):
    looks = look_at(clips, tmp_path)
    assert looks.luma.shape == (12,)
    assert looks.backgrounds.shape == (12, WIDTH * HEIGHT)
    assert looks.backgrounds.dtype == np.float32
    for row in (0, 5, 11):
        frames = read_frames(clips.video(row))
        assert len(frames) < 16, "so that all of them are among the evenly spaced"
        np.testing.assert_array_equal(looks.backgrounds[row], background(WIDTH, HEIGHT).function(frames)[0])
        assert looks.luma[row] == pytest.approx(255 * luma().function(frames)[:, 0].mean(), rel=1e-6)


def test_darkened_luma_is_of_the_darkened_clips(clips, tmp_path):
    way = Darkening((0.5, 0.5), (2.5, 2.5))
    found = darkened_luma(clips, tmp_path, [5, 0], way)
    for got, row in zip(found, (5, 0), strict=True):
        frames = read_frames(clips.video(row))
        dark = way(frames, clips.table.at[row, "digest"], range(len(frames)))
        assert got == pytest.approx(255 * luma().function(dark)[:, 0].mean(), rel=1e-6)
    assert (found < 0.75 * look_at(clips, tmp_path, rows=[5, 0]).luma).all(), "they have a bank of their own"


def test_a_long_clip_gives_the_background_of_all_its_frames(tmp_path):
    root = tmp_path / "clips"
    clips = write_scenes(root, {f"{label}/x{i}_0.mp4": (i, 0, 37 + i) for i, label in enumerate("ab")})
    looks = look_at(clips, tmp_path / "bank")
    for row in range(2):
        whole = background(WIDTH, HEIGHT).function(read_frames(clips.video(row)))[0]
        np.testing.assert_array_equal(looks.backgrounds[row], whole)


def test_rows_come_in_the_order_asked_for(clips, tmp_path):
    some, every = look_at(clips, tmp_path, rows=[7, 2]), look_at(clips, tmp_path)
    np.testing.assert_array_equal(some.luma, every.luma[[7, 2]])
    np.testing.assert_array_equal(some.backgrounds, every.backgrounds[[7, 2]])
    assert look_at(clips, tmp_path, rows=[]).backgrounds.shape == (0, WIDTH * HEIGHT)


def test_each_clip_is_decoded_once_ever(clips, tmp_path, monkeypatch, capsys):
    asked = []
    video = clips.video
    monkeypatch.setattr(clips, "video", lambda row: asked.append(row) or video(row))
    first = look_at(clips, tmp_path)
    assert sorted(asked) == list(range(12))
    assert "reading brightness and backgrounds" in capsys.readouterr().err
    monkeypatch.setattr(cached_features, "extract", lambda *_: pytest.fail("something is computed"))
    again = look_at(clips, tmp_path)
    assert len(asked) == 12
    assert capsys.readouterr().err == ""
    np.testing.assert_array_equal(first.luma, again.luma)
    np.testing.assert_array_equal(first.backgrounds, again.backgrounds)
    assert sorted(one.about["extractor"] for one in stored(tmp_path)) == ["background", "luma"]


def alike(backgrounds):
    """Return places (P, 2) of near-identical pairs, each once, all compared at once."""
    units = outlines(backgrounds)
    return np.argwhere(np.triu(units @ units.T >= ALIKE, 1))


def test_places_are_told_apart_whatever_the_light(tmp_path):
    named = {f"{'ab'[i % 2]}/x{place}_{i}.mp4": (place, i) for place in range(8) for i in range(3)}
    clips = write_scenes(tmp_path / "clips", named)
    backgrounds = look_at(clips, tmp_path / "bank").backgrounds
    pairs, group = alike(backgrounds), clips.table["group"].to_numpy()
    assert len(pairs) == 8 * 3, "every pair of a place, and no other"
    assert (group[pairs[:, 0]] == group[pairs[:, 1]]).all()
    assert scene_names(backgrounds) == [f"scene {list(dict.fromkeys(group)).index(name) + 1}" for name in group]


def test_black_clips_are_like_nothing(tmp_path):
    named = {f"{'ab'[i % 2]}/x0_{i}.mp4": (None, i) for i in range(4)}
    clips = write_scenes(tmp_path / "clips", named)
    looks = look_at(clips, tmp_path / "bank")
    assert looks.luma.max() < 3
    assert len(alike(looks.backgrounds)) == 0
    assert scene_names(looks.backgrounds) == ["scene 1", "scene 2", "scene 3", "scene 4"], "each is one of its own"
    assert scene_names(looks.backgrounds, ["x", "y", "z", "y"]) == ["scene 1", "scene 2", "scene 3", "scene 2"]
    for value in (0.0, 0.3, 1.0):
        assert not outlines(np.full((2, WIDTH * HEIGHT), value)).any()


def by_walking(links, count):
    """Return the cluster of each of so many clips, by walking along links."""
    codes = [None] * count
    for start in range(count):
        todo = [start] if codes[start] is None else []
        code = len({code for code in codes if code is not None})
        while todo:
            here = todo.pop()
            codes[here] = code
            todo += [int(there) for pair in links if here in pair for there in pair if codes[there] is None]
    return codes


@pytest.mark.parametrize("noise", [0.25, 0.6, 0.72, 0.8, 1.0])
def test_clusters_are_what_links_lead_to_whatever_the_blocks(noise, monkeypatch):
    rng = np.random.default_rng(0)
    drawn = rng.random((6, WIDTH * HEIGHT))[rng.integers(0, 6, 50)] + rng.random((50, WIDTH * HEIGHT)) * noise
    expected = by_walking(alike(drawn / 2), 50)
    assert clusters(outlines(drawn / 2)).tolist() == expected
    for block in (1, 170, 400):
        monkeypatch.setattr("darkhar_cli.data.background_similarity._BLOCK", block)
        assert clusters(outlines(drawn / 2)).tolist() == expected
    assert scene_names(np.zeros((0, WIDTH * HEIGHT))) == []


def test_planted_clips_are_not_the_same_file():
    assert take(1, 0) != take(1, 1)


def test_one_file_under_two_names_is_looked_at_once(tmp_path, monkeypatch):
    clips = write_scenes(tmp_path / "clips", dict.fromkeys(("a/x0_0.mp4", "a/x0_1.mp4", "a/x1_0.mp4"), (3, 0)))
    asked = []
    video = clips.video
    monkeypatch.setattr(clips, "video", lambda row: asked.append(row) or video(row))
    looks = look_at(clips, tmp_path / "bank")
    assert len(asked) == 1
    assert len(set(looks.luma)) == 1
    assert scene_names(looks.backgrounds) == ["scene 1"] * 3
