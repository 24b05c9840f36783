"""Clips before another recording's background: what moves stays, what stands still is exchanged, and who gives it."""

import cv2
import numpy as np
import pytest

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.video import read_frames, write_video
from darkhar_cli.features.other_background import OtherBackground

SQUARE = (230, 60, 60)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """Six clips of two classes in three rooms: a red square goes over stripes of the room's own width."""
    root = tmp_path_factory.mktemp("rooms")
    for room in range(3):
        still = np.full((96, 128, 3), 20 + 10 * room, np.uint8)
        still[:, :: 8 + 8 * room] = 60 + 20 * room
        for label, step in (("left", -4), ("right", 4)):
            frames = np.repeat(still[None], 24, axis=0)
            for i, frame in enumerate(frames):
                x = 56 + step * (i - 12)
                cv2.rectangle(frame, (x, 30), (x + 20, 70), SQUARE, -1)
            (root / label).mkdir(exist_ok=True)
            (root / label / f"room{room}_{label}.mp4").write_bytes(write_video(frames, 30))
    request = {"name": "video_folder", "root": str(root), "labels": None, "group": r"(room\d)", "test": None}
    return clip_dataset.open_clips({**request, "data_dir": None, "on_error": "stop"})


def test_what_moves_stands_before_the_other_rooms_background(rooms):
    way = OtherBackground()
    for row in rooms.table.index:
        positions = np.array([2, 12, 21])
        frames = read_frames(rooms.video(row), positions)
        made = way.apply(rooms, row, frames, positions)
        assert made.dtype == np.uint8
        assert made.shape == frames.shape
        other = np.median(read_frames(rooms.video(way.donor(rooms, row))), axis=0)
        red = (frames[..., 0].astype(int) - frames[..., 1] > 120) & (frames[..., 2] < 110)
        for frame, new, body in zip(frames, made, red, strict=True):
            inner = cv2.erode(body.astype(np.uint8), np.ones((5, 5))) > 0
            assert np.abs(new[inner].astype(int) - frame[inner]).max() <= 3, "the square is as it was"
            away = cv2.dilate(body.astype(np.uint8), np.ones((31, 31))) == 0
            assert np.abs(new[away] - other[away]).mean() < 2, "the rest is the other room"


def test_the_background_is_of_another_group_the_same_each_time(rooms):
    way, table = OtherBackground(), rooms.table
    donors = {row: way.donor(rooms, row) for row in table.index}
    assert all(table.at[row, "group"] != table.at[other, "group"] for row, other in donors.items())
    assert donors == {row: OtherBackground().donor(rooms, row) for row in table.index}
    others = [{row: OtherBackground(seed).donor(rooms, row) for row in table.index} for seed in range(1, 4)]
    assert any(other != donors for other in others)


def test_other_clips_are_other_features(rooms, clips):
    way = OtherBackground()
    assert way.about(rooms) == way.about(rooms) != way.about(clips)
    assert way.about(rooms) != OtherBackground(1).about(rooms)


def test_a_clip_without_any_other_keeps_its_own(clips):
    clips.table = clips.table.iloc[:1].copy()
    row = clips.table.index[0]
    assert OtherBackground().donor(clips, row) == row
