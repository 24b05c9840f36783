"""video_folder: folders or a csv, splits, groups, and what is wrong with them."""

import json
import os
from hashlib import sha256

import pytest

from darkhar_cli.data.video import write_video
from darkhar_cli.errors import BadRequest, FailedWork
from darkhar_cli.training.augmentation import reversals_of
from tests.conftest import moving_square, write_clips
from tests.helpers.generated_clips import cut, damaged, encode
from tests.helpers.video_folders import excluded, opened


def test_classes_are_the_folders(tmp_path):
    clips = opened(write_clips(tmp_path))
    assert clips.classes == ["down", "right", "stay"]
    assert clips.table["split"].unique().tolist() == ["train"]
    assert set(clips.table["group"]) == {""}
    assert not clips.synthetic


def test_groups_come_from_the_names(tmp_path):
    clips = opened(write_clips(tmp_path), group=r"_(\d+)_")
    assert set(clips.table["group"]) == {"0", "1"}
    with pytest.raises(BadRequest, match="no bracket"):
        opened(tmp_path, group="x")
    with pytest.raises(BadRequest, match="not a regular expression"):
        opened(tmp_path, group="(")
    with pytest.raises(BadRequest, match="fits no file name, for instance down_0_0"):
        opened(tmp_path, group="(zzz)")
    with pytest.raises(FailedWork, match="does not fit its name"):
        opened(tmp_path, group="(right)")
    with pytest.raises(BadRequest, match=r"did you mean dataset\.root="):
        opened(tmp_path / "right")


def test_splits_are_the_upper_folders(tmp_path):
    for split, takes in (("train", 3), ("val", 2), ("test", 1)):
        write_clips(tmp_path / split, takes=takes)
    assert opened(tmp_path).table["split"].value_counts().to_dict() == {"train": 9, "test": 3}
    assert opened(tmp_path, test="val").table["split"].value_counts().to_dict() == {"train": 9, "test": 6}
    with pytest.raises(BadRequest, match=r"unknown split .*'vall'.*did you mean 'val'"):
        opened(tmp_path, test="vall")


def test_what_is_left_aside_is_said(tmp_path, capsys):
    for split in ("train", "val", "test"):
        write_clips(tmp_path / split, takes=1)
    (tmp_path / "train" / "walk").mkdir()
    opened(tmp_path)
    said = capsys.readouterr().err
    assert "split 'val' (3 clips) is left aside" in said
    assert "walk holds no clip" in said
    with pytest.raises(BadRequest, match="cannot be the held-out one too"):
        opened(tmp_path, test="train")
    with pytest.raises(BadRequest, match="there are no splits"):
        opened(tmp_path / "train", test="val")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadRequest, match="no clips under"):
        opened(tmp_path)
    with pytest.raises(BadRequest, match="no such folder"):
        opened(tmp_path / "nowhere")


def test_a_second_folder_has_its_own_clips(tmp_path):
    first = opened(write_clips(tmp_path / "one", takes=2))
    second = opened(write_clips(tmp_path / "two", takes=3))
    assert len(first.table) == 6
    assert len(second.table) == 9
    assert first.folder != second.folder


def test_an_unwritable_data_folder_is_named(tmp_path):
    write_clips(tmp_path / "clips", takes=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(FailedWork, match=r"cannot write prepared data to .*dataset\.data_dir"):
        opened(tmp_path / "clips", data_dir=str(tmp_path / "file"))


def test_clips_with_corrupt_frames_are_named_and_can_be_kept(tmp_path):
    path = write_clips(tmp_path) / "right" / "right_0_0.mp4"
    path.write_bytes(damaged(encode("mp4", "h264", n=24, options={"x264-params": "bframes=0:keyint=12"}), packet=12))
    cut_off = tmp_path / "down" / "down_0_0.mp4"
    cut_off.write_bytes(cut(cut_off.read_bytes(), 0.6))
    cure = r".*on_error=skip, or .*on_error=keep:\n"
    with pytest.raises(
        FailedWork, match=rf"2 broken clips; {cure}[^$]*right_0_0.mp4: damaged: \d+ of 24 frames are corrupt"
    ):
        opened(tmp_path)
    without = opened(tmp_path, on_error="skip")
    assert (len(without.skipped), len(without.damaged), len(without.table)) == (2, 0, 10)
    kept = opened(tmp_path, on_error="keep")
    assert kept.skipped["id"].tolist() == ["down/down_0_0.mp4"], "what is cut off is excluded all the same"
    assert kept.damaged["id"].tolist() == ["right/right_0_0.mp4"]
    assert kept.damaged["corrupt"].between(1, 23).all()
    assert kept.damaged["skippable"].tolist() == [0]
    others = kept.table[kept.table["corrupt"] == 0]
    assert others["skippable"].tolist() == [1] * len(others)


def test_every_file_is_taken_or_named(tmp_path, capsys):
    root = write_clips(tmp_path / "clips", takes=2)
    clip = (root / "right" / "right_0_0.mp4").read_bytes()
    far = tmp_path / "elsewhere"
    far.mkdir()
    (far / "jump.MP4").write_bytes(write_video(moving_square(0, 77), 30))
    (root / "jump").symlink_to(far)
    (far / "circle").symlink_to(root)
    (root / "right" / "gone.mp4").symlink_to(tmp_path / "nowhere")
    for name in (".Trash/x.mp4", "right/.part.mp4", "right/notes.txt", "down/thumb.jpg", "down/README", "README.md"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(clip)
    (root / "nothing").mkdir()
    clips = opened(root)
    assert clips.classes == ["down", "jump", "right", "stay"]
    assert len(clips.table) == 7
    assert "jump/jump.MP4" in set(clips.table["id"])
    assert excluded(clips) == {
        ".Trash": "hidden folder",
        "README.md": "no video (.md)",
        "down/README": "no video (no suffix)",
        "down/thumb.jpg": "no video (.jpg)",
        "jump/circle": "link in a circle",
        "nothing": "folder without clips",
        "right/.part.mp4": "hidden file",
        "right/gone.mp4": "link to nothing",
        "right/notes.txt": "no video (.txt)",
    }
    assert "holds no clip" in capsys.readouterr().err
    said = clips.excluded_in_words()
    assert "not used: 1 x folder without clips, 1 x hidden file, 1 x hidden folder, 1 x link in a circle" in said
    assert "left_out.csv" in said


@pytest.mark.parametrize("suffix", ["ts", "gif", "h264", "mkv", "ogv", "m2ts"])
def test_whatever_ffmpeg_reads_is_a_clip(tmp_path, suffix):
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk" / f"a.{suffix.upper()}").write_text("no video, and said to be broken")
    with pytest.raises(FailedWork, match=rf"1 broken clip; .*on_error=skip:\n.*walk/a\.{suffix.upper()}: not a video"):
        opened(tmp_path)


def test_names_of_bytes_and_control_characters_are_clips_like_others(tmp_path):
    root = write_clips(tmp_path, classes=("label", "walk\r", "01"), takes=1)
    clip = root / "label" / "label_0_0.mp4"
    clip.rename(root / "label" / "a\rb\n.mp4")
    (root / "01" / "01_0_0.mp4").rename(os.fsdecode(os.fsencode(root) + b"/01/\xff.mp4"))
    clips = opened(root)
    assert clips.classes == ["01", "label", "walk"]
    assert clips.table["label"].tolist() == ["01", "label", "walk"]
    assert clips.table["id"].tolist() == [r"01/\xff.mp4", r"label/a\rb\n.mp4", r"walk\r/walk\r_0_0.mp4"]
    assert [len(clips.video(row)) > 0 for row in range(3)] == [True] * 3


@pytest.mark.parametrize(("one", "other"), [("walk", "walk "), ("walk", "Walk"), ("caf\u00e9", "cafe\u0301")])
def test_two_folders_for_one_class_are_refused(tmp_path, one, other):
    write_clips(tmp_path, classes=(one, other), takes=1)
    with pytest.raises(BadRequest, match="is all but class"):
        opened(tmp_path)


def test_the_same_bytes_under_two_labels_stop_the_preparation(tmp_path, capsys):
    root = write_clips(tmp_path, takes=2)
    (root / "down" / "other.mp4").write_bytes((root / "stay" / "stay_0_0.mp4").read_bytes())
    (root / "stay" / "copy.mp4").write_bytes((root / "stay" / "stay_1_1.mp4").read_bytes())
    with pytest.raises(FailedWork) as failure:
        opened(root)
    said = str(failure.value)
    assert "down/other.mp4: label 'down', but the same bytes are stay/stay_0_0.mp4 with label 'stay'" in said
    assert "stay/stay_0_0.mp4: label 'stay', but the same bytes are down/other.mp4 with label 'down'" in said
    clips = opened(root, on_error="skip")
    assert not {"down/other.mp4", "stay/stay_0_0.mp4"} & set(clips.table["id"])
    assert len(clips.skipped) == 2
    assert "1 clip is a copy of another, byte for byte: stay/stay_1_1.mp4 of stay/copy.mp4" in capsys.readouterr().err


def change(path, old, new):
    """Change a text where it stands first, and what of the file else would give it away: nothing."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_damaged_records_are_named_and_prepared_again(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("DARKHAR_HOME", str(tmp_path / "home"))  # a store that no other test has filled
    root = write_clips(tmp_path / "clips", takes=1)
    clips = opened(root)
    file = next(clips.folder.rglob("*.array_record*"))
    whole, videos = file.read_bytes(), [clips.video(row) for row in range(3)]
    middle = json.loads(file.with_suffix(".json").read_text())["clips"][1]["digest"]
    inside = whole.index(next(video for video in videos if sha256(video).hexdigest() == middle)[:500]) + 200
    file.write_bytes(whole[:inside] + bytes(200) + whole[inside + 200 :])
    bad = opened(root)  # reads the first and the last
    with pytest.raises(FailedWork, match=r"damaged: .*mp4 cannot be read from .*array_record.*give the command again"):
        [bad.video(row) for row in range(3)]
    again = opened(root)
    assert [again.video(row) for row in range(3)] == videos
    for spoil in (
        lambda folder: next(folder.rglob("*.array_record*")).write_bytes(b""),
        lambda folder: next(folder.rglob("*.array_record*")).unlink(),
        lambda folder: (folder / "skipped.csv").unlink(),
        lambda folder: (folder / "clips.csv").write_bytes(b"\xff"),
        lambda folder: next(folder.rglob("dataset_info.json")).write_text("{"),
        lambda folder: change(folder / "clips.csv", "down,", "stay,"),
        lambda folder: change(next(folder.rglob("clips/*.json")), '"n_frames": 10', '"n_frames": 11'),
    ):
        spoil(again.folder)
        again = opened(root)
        assert len(again.table) == 3
        assert again.video(0)
        assert "are damaged" in capsys.readouterr().err
    assert not list(again.folder.parent.glob("*.part"))


def test_words_of_a_configuration_name_classes_that_look_like_numbers(tmp_path):
    clips = opened(write_clips(tmp_path, classes=("01", "1e3"), takes=1))
    assert clips.classes == ["01", "1e3"]
    assert reversals_of({1: 1000.0, 1000.0: None}, clips.classes) == {0: 1, 1: None}
