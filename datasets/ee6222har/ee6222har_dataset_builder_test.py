"""ee6222har: its lists as they are (tabs, CRLF, no header), the splits present, and every fault by its line."""

import numpy as np
import pytest

from darkhar_cli.data import clip_dataset
from darkhar_cli.data.preparation import builder_class
from darkhar_cli.data.video import write_video
from darkhar_cli.errors import BadRequest, FailedWork
from tests.conftest import moving_square

NAMES = ("Jump", "Run")


@pytest.fixture
def root(tmp_path):
    """A folder as the course hands it out, with the official validation list."""
    rows, held = [], []
    for class_id, name in enumerate(NAMES):
        (tmp_path / "train" / name).mkdir(parents=True)
        for take in range(4):
            path = f"{name}/{name}_{take % 2 + 1}_{take}.mp4"
            (tmp_path / "train" / path).write_bytes(write_video(moving_square(class_id, take), 30))
            rows.append(f"{len(rows)}\t{class_id}\t{path}\r\n")
    (tmp_path / "validate").mkdir()
    for number in range(3):
        (tmp_path / "validate" / f"{number}.mp4").write_bytes(write_video(moving_square(number % 2, 9 + number), 30))
        held.append(f"{number}\t{number % 2}\t{number}.mp4\r\n")
    (tmp_path / "train.txt").write_text("".join(rows), newline="")
    (tmp_path / "validate.txt").write_text("".join(held), newline="")
    (tmp_path / "mapping_table_23.txt").write_text("0\tJump\n1\tRun\n")
    return tmp_path


def opened(root, on_error="stop"):
    return clip_dataset.open_clips({"name": "ee6222har", "root": str(root), "data_dir": None, "on_error": on_error})


def test_both_splits_are_read(root):
    clips = opened(root)
    assert clips.classes == ["Jump", "Run"]
    assert clips.table["split"].value_counts().to_dict() == {"train": 8, "test": 3}
    first = clips.table.iloc[0]
    assert (first["id"], first["label"], first["group"]) == ("train/Jump/Jump_1_0.mp4", "Jump", "Jump_1")
    assert (first["n_frames"], first["height"], first["width"]) == (12, 48, 64)
    assert set(clips.table.loc[clips.rows("test"), "group"]) == {""}
    assert clips.video(0) == (root / "train/Jump/Jump_1_0.mp4").read_bytes()
    assert clips.video(8) == (root / "validate/0.mp4").read_bytes()
    assert clips.labels([0, 4, 9]) == [0, 1, 1]


def test_only_the_splits_present_are_there(root):
    (root / "validate.txt").unlink()
    assert set(opened(root).table["split"]) == {"train"}


def test_a_notebook_gets_frames_and_ragged_batches(root):
    clips = opened(root)
    builder = builder_class("ee6222har")(root=root, data_dir=clips.folder)
    assert set(builder.info.splits) == {"train", "val"}
    dataset = builder.as_dataset(split="train")
    assert len(dataset) == 8
    element = next(iter(dataset))
    assert element["frameseq"].shape == (12, 48, 64, 3)
    assert element["frameseq"].dtype == np.uint8
    assert int(element["label"]) == 0
    batch = next(iter(builder.as_dataset(split="train", as_supervised=True).ragged_batch(2)))
    assert batch[0].shape == (2, None, None, None, 3)
    assert set(builder.as_dataset()) == {"train", "val"}


def test_prepared_once_and_anew_when_a_file_changes(root):
    first = opened(root)
    stamp = (first.folder / "clips.csv").stat().st_mtime_ns
    assert (opened(root).folder / "clips.csv").stat().st_mtime_ns == stamp
    (root / "train/Jump/Jump_1_0.mp4").write_bytes(write_video(moving_square(1, 5), 30))
    assert opened(root).folder != first.folder


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / "train.txt").unlink(), "no train.txt in"),
        (lambda root: (root / "mapping_table_23.txt").unlink(), r"no mapping_table_\*\.txt"),
        (
            lambda root: (root / "train.txt").write_text("0 0 Jump/Jump_1_0.mp4\n"),
            "line 1: expected id, class id and path",
        ),
        (lambda root: (root / "mapping_table_23.txt").write_text("Jump\n"), "expected a class id and a name"),
    ],
)
def test_a_folder_that_is_not_the_data_set_is_refused(root, spoil, said):
    spoil(root)
    with pytest.raises(BadRequest, match=said):
        opened(root)


def test_every_broken_clip_is_named_and_can_be_left_out(root):
    (root / "train/Jump/Jump_1_0.mp4").write_text("text")
    (root / "train/Run/Run_1_0.mp4").unlink()
    whole = (root / "train/Run/Run_2_1.mp4").read_bytes()
    (root / "train/Run/Run_2_1.mp4").write_bytes(whole[: len(whole) // 2])
    (root / "train/Run/Run_1_2.mp4").write_bytes(b"")
    with (root / "train.txt").open("a") as file:
        file.write("8\t7\tJump/Jump_2_1.mp4\n")
    (root / "train.txt").write_text((root / "train.txt").read_text().replace("1\t0\tJump/Jump_2_1.mp4\n", ""))
    with pytest.raises(FailedWork) as failure:
        opened(root)
    said = str(failure.value)
    assert "5 broken clips" in said
    assert "Jump_1_0.mp4: not a video" in said
    assert "Run_1_0.mp4: train.txt line 4: no such file" in said
    assert "Run_2_1.mp4: not a video, or cut off" in said
    assert "Run_1_2.mp4: empty file" in said
    assert "class id '7' is not in the mapping table" in said
    clips = opened(root, on_error="skip")
    assert len(clips.table) == 3 + 3
    assert len(clips.skipped) == 5
    assert not list(clips.folder.parent.glob("*.part")), "nothing half-written stays"


def test_what_no_list_names_is_named(root):
    (root / "train" / "Jump" / "extra.mp4").write_bytes(b"x")
    (root / "README").write_text("")
    (root / ".git").mkdir()
    found = opened(root).excluded
    assert dict(zip(found["path"], found["reason"], strict=True)) == {
        ".git": "hidden folder",
        "README": "in no list",
        "train/Jump/extra.mp4": "in no list",
    }


def test_a_linked_folder_of_clips_is_read(root, tmp_path_factory):
    far = tmp_path_factory.mktemp("far") / "train"
    (root / "train").rename(far)
    (root / "train").symlink_to(far)
    assert len(opened(root).table) == 11
    (root / "train.txt").write_text("0\t0\t../../outside.mp4\n")
    with pytest.raises(BadRequest, match="leads out of"):
        opened(root)


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("0\tJump\n0\tRun\n", "class id '0' appears twice"),
        ("0\tJump\n1\tJump\n", "class 'Jump' appears twice"),
        ("0\tJump\n1\tjump\n", "class 'jump' is all but class 'Jump'"),
    ],
)
def test_a_mapping_that_means_two_things_is_refused(root, mapping, said):
    (root / "mapping_table_23.txt").write_text(mapping)
    with pytest.raises(BadRequest, match=said):
        opened(root)


def test_a_nul_is_named_by_its_line(root):
    (root / "train.txt").write_text("0\t0\tJump/Ju\0mp_1_0.mp4\n")
    with pytest.raises(BadRequest, match="line 1: a NUL character"):
        opened(root)
