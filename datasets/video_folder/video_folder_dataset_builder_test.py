"""video_folder: folders or a csv, splits, groups, and what is wrong with them."""

import pytest

from darkhar_cli import clips as data
from darkhar_cli.errors import BadRequest, FailedWork
from tests.conftest import write_clips
from tests.generated_clips import cut, damaged, encode


def opened(root, **options):
    defaults = {"labels": None, "group": None, "test": None, "data_dir": None, "on_error": "stop"}
    return data.open_clips({"name": "video_folder", "root": str(root), **defaults, **options})


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


def test_a_csv_names_everything(tmp_path):
    write_clips(tmp_path / "pool", takes=2)
    rows = ["path,label,split,group"]
    rows += [f"pool/{c}/{c}_{t}_{t}.mp4,{c},{'train' if t else 'test'},g{t}" for c in ("right", "down") for t in (0, 1)]
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(rows) + "\n")
    clips = opened(tmp_path, labels=str(labels))
    assert clips.classes == ["down", "right"]
    assert clips.table["split"].value_counts().to_dict() == {"train": 2, "test": 2}
    assert set(clips.table["group"]) == {"g0", "g1"}
    labels.write_text("\n".join([*rows, "pool/none.mp4,right,train,g1", rows[1]]) + "\n")
    with pytest.raises(BadRequest, match="listed twice"):
        opened(tmp_path, labels=str(labels))
    labels.write_text("\n".join([*rows, "pool/none.mp4,right,train,g1"]) + "\n")
    with pytest.raises(FailedWork, match=r"pool/none\.mp4: no such file"):
        opened(tmp_path, labels=str(labels))
    labels.write_text("\n".join([*rows, "pool/stay/stay_0_0.mp4,stay,,g1"]) + "\n")
    with pytest.raises(BadRequest, match="some rows name a split and others none"):
        opened(tmp_path, labels=str(labels))
    labels.write_bytes("path,label\npool/é.mp4,right\n".encode("latin-1"))
    with pytest.raises(BadRequest, match=r"labels\.csv is not UTF-8 text"):
        opened(tmp_path, labels=str(labels))
    labels.write_text("file,class\n")
    with pytest.raises(BadRequest, match="expected columns path,label"):
        opened(tmp_path, labels=str(labels))


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
    with pytest.raises(FailedWork, match=r"2 broken clips[^$]*right_0_0.mp4: damaged: \d+ of 24 frames are corrupt"):
        opened(tmp_path)
    left_out = opened(tmp_path, on_error="skip")
    assert (len(left_out.skipped), len(left_out.damaged), len(left_out.table)) == (2, 0, 10)
    kept = opened(tmp_path, on_error="keep")
    assert kept.skipped["id"].tolist() == ["down/down_0_0.mp4"], "what is cut off is left out all the same"
    assert kept.damaged["id"].tolist() == ["right/right_0_0.mp4"]
    assert kept.damaged["corrupt"].between(1, 23).all()
    assert kept.damaged["skippable"].tolist() == [0]
    others = kept.table[kept.table["corrupt"] == 0]
    assert others["skippable"].tolist() == [1] * len(others)
