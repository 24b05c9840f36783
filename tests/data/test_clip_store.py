"""Clips by content: other tables of the same clips decode and store nothing again, and nothing damaged is shared."""

import json
import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest

from darkhar_cli.data import clip_dataset, clip_store, dataset_builder, sources
from darkhar_cli.data.clip_store import ClipStore, DamagedRecord, StoredClip, Writer, take_over
from darkhar_cli.data.video import inspect
from tests.conftest import moving_square, write_clips
from tests.helpers.irregular_clips import irregular_times, write_at


def opened(root, home, **options):
    defaults = {"labels": None, "group": None, "test": None, "on_error": "stop"}
    request = {"name": "video_folder", "root": str(root), "data_dir": str(home), **defaults, **options}
    return clip_dataset.open_clips(request)


@pytest.fixture
def decoded(monkeypatch):
    """Count the clips that are decoded to be checked."""
    seen = []
    monkeypatch.setattr(sources, "inspect", lambda data: seen.append(len(data)) or inspect(data))
    return seen


def inodes(clips):
    return {path.stat().st_ino for path in (clips.folder / clip_store.FOLDER).glob("*.array_record")}


def test_other_groups_labels_and_splits_decode_and_store_nothing_again(tmp_path, decoded):
    root, home = write_clips(tmp_path / "clips"), tmp_path / "home"
    first = opened(root, home)
    assert len(decoded) == 12
    grouped = opened(root, home, group=r"^([a-z]+_\d+)_")
    rows = [
        f"{name},{'x' if i % 2 else 'y'},{'test' if i > 7 else 'train'}" for i, name in enumerate(first.table["id"])
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label,split", *rows[:10]]))
    listed = opened(root, home, labels=str(tmp_path / "labels.csv"))
    assert len(decoded) == 12
    assert inodes(first) == inodes(grouped) == inodes(listed)
    assert set(grouped.table["group"]) == {f"{name}_{g}" for name in first.classes for g in (0, 1)}
    assert (listed.classes, len(listed.rows("train")), len(listed.rows("test"))) == (["x", "y"], 8, 2)
    names = ["n_frames", "fps", "height", "width", "digest", "corrupt", "skippable", "jitter"]
    assert first.table[names].equals(grouped.table[names])
    for row, name in enumerate(listed.table["id"]):
        assert listed.video(row) == (root / name).read_bytes()


def test_a_clip_more_decodes_that_one_and_one_less_none(tmp_path, decoded):
    root, home = write_clips(tmp_path / "clips", takes=2), tmp_path / "home"
    opened(root, home)
    (root / "stay" / "new.mp4").write_bytes(
        write_clips(tmp_path / "more", takes=4).joinpath("stay/stay_1_3.mp4").read_bytes()
    )
    more = opened(root, home)
    assert (len(more.table), len(decoded)) == (7, 7)
    assert len(list((more.folder / clip_store.FOLDER).glob("*.array_record"))) == 2
    (root / "stay" / "stay_0_0.mp4").unlink()
    fewer = opened(root, home)
    assert (len(fewer.table), len(decoded)) == (6, 7)
    assert [fewer.video(row) for row in range(6)] == [(root / name).read_bytes() for name in fewer.table["id"]]


def test_damaged_files_are_not_shared(tmp_path, decoded):
    root, home = write_clips(tmp_path / "clips", takes=1), tmp_path / "home"
    first = opened(root, home)
    file = next((first.folder / clip_store.FOLDER).glob("*.array_record"))
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + bytes(3000) + whole[3200:])
    again = opened(root, home, group=r"_(\d)_")
    assert len(decoded) == 6
    assert [again.video(row) for row in range(3)] == [(root / name).read_bytes() for name in again.table["id"]]


def test_clips_with_corrupt_frames_are_shared_only_with_who_keeps_them(tmp_path):
    known = StoredClip("d" * 64, 3, 30.0, 4, 4, 1, 0, 0.0)
    from darkhar_cli.data.preparation import builder_of

    request = {"name": "video_folder", "root": str(write_clips(tmp_path / "clips", takes=1)), "on_error": "stop"}
    builder = builder_of(request, data_dir=tmp_path / "x")
    builder.stores = [tmp_path / "any"]
    for keep in (False, True):
        builder.keep_damaged = keep
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clip_store, "take_over", lambda wanted, *_: dict.fromkeys(wanted, known))
            assert len(builder._stored_before(builder.sources())) == (3 if keep else 0)


def test_irregular_times_come_back_to_the_bit(tmp_path):
    times = irregular_times(12)
    for label, name in enumerate(("a", "b")):
        (tmp_path / "clips" / name).mkdir(parents=True)
        (tmp_path / "clips" / name / "1.mp4").write_bytes(write_at(moving_square(label, 0), times))
    first = opened(tmp_path / "clips", tmp_path / "home")
    again = opened(tmp_path / "clips", tmp_path / "home", group="^(.)")
    assert first.times(0) == pytest.approx(np.round(times * 90_000) / 90_000, abs=1e-9)
    assert first.times(1).tobytes() == again.times(1).tobytes()
    assert first.table["fps"].equals(again.table["fps"])


def stored(folder, *texts):
    clips = [StoredClip(sha256(text).hexdigest(), 1, 30.0, 2, 2, 0, 1, 0.0) for text in texts]
    with Writer(folder) as writer:
        for clip, text in zip(clips, texts, strict=True):
            writer.add(clip, text)
            writer.add(clip, text)
    return clips


def test_bytes_are_stored_once_and_proved_when_they_are_read(tmp_path):
    one, two = stored(tmp_path / "a", b"one", b"two")
    store = ClipStore(tmp_path / "a")
    assert (store.read(one.digest), store.read(two.digest)) == (b"one", b"two")
    assert store.about(two.digest) == two
    with pytest.raises(DamagedRecord, match="no clip 0000"):
        store.read("0" * 64)
    index = next((tmp_path / "a").glob("*.json"))
    about = json.loads(index.read_text())
    about["clips"].reverse()
    index.write_text(json.dumps(about))
    with pytest.raises(DamagedRecord, match=r"array_record: another clip is stored there"):
        ClipStore(tmp_path / "a")
    index.write_text(json.dumps({**about, "format": 0}))
    with pytest.raises(ValueError, match="format 0"):
        ClipStore(tmp_path / "a")


def test_a_file_that_is_not_finished_counts_for_nothing(tmp_path):
    def broken():
        with Writer(tmp_path / "a") as writer:
            writer.add(StoredClip("0" * 64, 1, 30.0, 2, 2, 0, 1, 0.0), b"x")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        broken()
    assert list((tmp_path / "a").iterdir()) == []


def test_files_are_copied_where_they_cannot_be_linked(tmp_path, monkeypatch):
    (one,) = stored(tmp_path / "home" / "set" / "1" / "clips", b"one")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    indexes = list(clip_store.indexes(tmp_path / "home"))
    assert take_over([one.digest, "0" * 64], indexes, tmp_path / "new") == {one.digest: one}
    assert ClipStore(tmp_path / "new").read(one.digest) == b"one"


def test_half_made_data_sets_are_no_stores(tmp_path):
    stored(tmp_path / "set" / ".1.part" / "clips", b"one")
    assert list(clip_store.indexes(tmp_path)) == []


KILLED = """
import os, sys
from darkhar_cli.data import clip_dataset, clip_store

clip_store._SHARD_CLIPS = 4
class Writer(clip_store.Writer):
    def add(self, clip, data):
        if self._seen and len(self._seen) == 9:
            os._exit(9)
        super().add(clip, data)

clip_store.Writer = Writer
request = {"name": "video_folder", "root": sys.argv[1], "data_dir": sys.argv[2]}
clip_dataset.open_clips({**request, "labels": None, "group": None, "test": None, "on_error": "stop"})
"""


def test_a_preparation_that_was_killed_goes_on_behind_its_last_whole_file(tmp_path, decoded):
    root, home = write_clips(tmp_path / "clips"), tmp_path / "home"
    command = [sys.executable, "-c", KILLED, str(root), str(home)]
    assert subprocess.run(command, check=False).returncode == 9
    (left,) = (home / "video_folder").glob(".*.part")
    assert len(clip_store.whole_files(left)) == 2
    clips = opened(root, home)
    assert len(decoded) == 4, "eight were stored"
    assert not left.exists()
    other = opened(root, tmp_path / "other")
    assert clips.table.equals(other.table)
    assert [clips.video(row) for row in clips.table.index] == [other.video(row) for row in other.table.index]


def test_processes_decode_what_threads_do(tmp_path, monkeypatch):
    root = write_clips(tmp_path / "clips")
    (root / "stay" / "cut.mp4").write_bytes((root / "stay" / "stay_0_0.mp4").read_bytes()[:500])
    found = []
    for many in (1000, 1):
        monkeypatch.setattr(dataset_builder, "_MANY_FILES", many)
        found.append(opened(root, tmp_path / str(many), on_error="skip"))
    assert found[0].table.equals(found[1].table)
    assert found[0].skipped.equals(found[1].skipped)
    assert len(found[0].skipped) == 1
