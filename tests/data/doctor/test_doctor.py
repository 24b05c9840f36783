"""The doctor of a data set: each planted fault is found and named, and whole clips have none."""

import io
import shutil
import struct

import av
import cv2
import numpy as np
import pandas as pd
import pytest

from darkhar_cli.data.doctor import near_duplicates
from darkhar_cli.data.doctor.data_set import examine_all
from darkhar_cli.data.doctor.findings import KINDS, kind_of, table_of
from darkhar_cli.data.video import read_frames, write_video
from tests.helpers.generated_clips import cut, damaged, encode
from tests.helpers.irregular_clips import irregular_times, write_at


def take(label: int, number: int, n: int = 12, height: int = 48, width: int = 64) -> np.ndarray:
    """Return a clip (n, H, W, 3) uint8 of a scene of its own, in which a square jumps about as in no other."""
    rng = np.random.default_rng([label, number])
    scene = cv2.GaussianBlur(rng.uniform(0, 255, (height, width)).astype(np.float32), (0, 0), 4)
    frames = np.repeat(((scene - scene.min()) / 2 + 15).astype(np.uint8)[None, ..., None], n, 0).repeat(3, 3)
    for frame in frames:
        y, x = rng.integers(0, height - 14), rng.integers(0, width - 14)
        frame[y : y + 14, x : x + 14] = 150
    return np.ascontiguousarray(frames)


def write_clips(root, takes=4):
    """Write `<root>/<class>/<class>_<group>_<take>.mp4` and return root."""
    for label, name in enumerate(("right", "down", "stay")):
        (root / name).mkdir(parents=True)
        for number in range(takes):
            data = write_video(take(label, number, n=10 + number), 30)
            (root / name / f"{name}_{number % 2}_{number}.mp4").write_bytes(data)
    return root


def found(root, shortest=8, **options):
    request = {"name": "video_folder", "root": str(root), "on_error": "stop", "data_dir": None, **options}
    return examine_all(request, shortest)


def kinds(checkup):
    """Return kind -> clips (or details) that have it."""
    said = {}
    for one in checkup.findings:
        said.setdefault(one.kind, []).append(one.id or one.detail)
    return said


def audio_only() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def turned(data: bytes) -> bytes:
    """Return an mp4 whose display matrix mirrors it."""
    at = data.index(b"tkhd") + 4 + 4 + 20 + 8 + 8
    return data[:at] + struct.pack(">9i", -65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30) + data[at + 36 :]


def full_range(frames: np.ndarray) -> bytes:
    return encode("mp4", "mjpeg", n=len(frames))


def test_whole_clips_have_nothing(tmp_path):
    checkup = found(write_clips(tmp_path))
    assert kinds(checkup) == {}
    table = checkup.measured()
    assert (len(table), set(table["frames"])) == (12, {10, 11, 12, 13})


def test_each_kind_of_broken_clip_is_named(tmp_path):
    root = write_clips(tmp_path, takes=8)
    place = root / "right"
    names = sorted(path.name for path in place.iterdir())
    whole = (place / names[0]).read_bytes()
    spoilt = {
        "empty": b"",
        "not a video": b"hello",
        "no video": audio_only(),
        "damaged": damaged(encode("mp4", "h264", n=24, options={"x264-params": "bframes=0:keyint=12"}), packet=12),
    }
    for name, data in zip(names, spoilt.values(), strict=False):
        (place / name).write_bytes(data)
    mkv = encode("matroska", "h264", n=48)
    (place / names[5]).write_bytes(cut(mkv, 0.6))
    (place / names[6]).unlink()
    (place / names[6]).symlink_to(tmp_path / "nowhere.mp4")
    rows = [f"right/{name},right" for name in names]
    rows += [f"{path.parent.name}/{path.name},{path.parent.name}" for path in sorted(root.glob("[ds]*/*.mp4"))]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *rows, "right/gone.mp4,right"]))
    said = kinds(found(root, labels=str(tmp_path / "labels.csv")))
    for kind, name in zip(spoilt, names, strict=False):
        assert said[kind] == [f"right/{name}"], kind
    assert said["cut off"] == [f"right/{names[5]}"]
    assert sorted(said["missing"]) == ["right/gone.mp4", f"right/{names[6]}"]
    assert whole


def test_what_is_odd_about_readable_clips_is_mentioned(tmp_path):
    root = write_clips(tmp_path, takes=4)
    (root / "down" / "turned.mp4").write_bytes(turned(write_video(take(1, 20), 30)))
    (root / "down" / "late.mp4").write_bytes(write_at(take(1, 21), irregular_times(12)))
    (root / "down" / "black.mp4").write_bytes(write_video(np.zeros((12, 48, 64, 3), np.uint8), 30))
    (root / "down" / "large.mp4").write_bytes(write_video(take(1, 22, height=96, width=96), 30))
    (root / "down" / "short.mp4").write_bytes(write_video(take(1, 23, n=3), 30))
    checkup = found(root)
    said = kinds(checkup)
    assert said["rotated"] == ["down/turned.mp4"]
    assert said["irregular times"] == ["down/late.mp4"]
    assert said["black"] == said["still"] == ["down/black.mp4"]
    assert said["size"] == ["down/large.mp4"]
    assert said["short"] == ["down/short.mp4"]
    assert not any(one.wrong for one in checkup.findings)
    assert "short" not in kinds(found(root, shortest=3))


def test_samples_below_black_and_another_range_are_mentioned(tmp_path):
    root = write_clips(tmp_path, takes=4)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for i in range(10):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.planes[0].update(bytes([2 + i] * frame.planes[0].buffer_size))
            for plane in frame.planes[1:]:
                plane.update(bytes([128] * plane.buffer_size))
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    (root / "down" / "crushed.mp4").write_bytes(buffer.getvalue())
    (root / "down" / "jpeg.mov").write_bytes(full_range(take(1, 3)))
    said = kinds(found(root))
    assert set(said["range"]) == {"down/crushed.mp4", "down/jpeg.mov"}


def test_copies_near_duplicates_and_groups_across_splits_are_wrong(tmp_path):
    write_clips(tmp_path / "train", takes=4)
    for label, name in enumerate(("right", "down", "stay")):
        place = tmp_path / "test" / name
        place.mkdir(parents=True)
        (place / f"{name}_9_{label}.mp4").write_bytes(write_video(take(label, 30 + label), 30))
    shutil.copy(tmp_path / "train/down/down_0_0.mp4", tmp_path / "test/down/down_1_7.mp4")
    shutil.copy(tmp_path / "train/down/down_0_0.mp4", tmp_path / "train/down/down_0_8.mp4")
    frames = read_frames((tmp_path / "train/right/right_1_3.mp4").read_bytes())
    (tmp_path / "test/right/right_8_0.mp4").write_bytes(write_video((frames * 0.5).astype(np.uint8), 25))
    checkup = found(tmp_path, group=r"^(\w+_\d+)_")
    said = kinds(checkup)
    copies = [(one.id, one.other) for one in checkup.findings if one.kind == "duplicate across splits"]
    assert copies == [(f"train/down/down_0_{n}.mp4", "test/down/down_1_7.mp4") for n in (0, 8)]
    pair = next(one for one in checkup.findings if one.kind == "near-duplicate across splits")
    assert {pair.id, pair.other} == {"test/right/right_8_0.mp4", "train/right/right_1_3.mp4"}
    assert said["group across splits"] == ["group down_1: 1 in test, 2 in train"]


def test_one_content_under_two_labels_is_wrong(tmp_path):
    root = write_clips(tmp_path, takes=2)
    shutil.copy(root / "down/down_0_0.mp4", root / "stay/other.mp4")
    checkup = found(root)
    (one,) = [one for one in checkup.findings if one.kind == "two labels"]
    assert one.detail == "label 'stay', but the same bytes are down/down_0_0.mp4 with label 'down'"


def test_wrong_labels_of_a_list_are_named_by_file_and_line(tmp_path):
    root = write_clips(tmp_path / "clips", takes=5)
    rows = [
        f"{path.relative_to(root)} {('right', 'down', 'stay').index(path.parent.name)}" for path in root.glob("*/*.mp4")
    ]
    rows[3] = rows[3][:-1] + str((int(rows[3][-1]) + 1) % 3)
    (tmp_path / "list.txt").write_text("\n".join(rows))
    table = table_of(found(root, labels=str(tmp_path / "list.txt")).findings)
    assert table["kind"].tolist() == ["wrong label"]
    assert table["listed"].tolist() == [f"{tmp_path / 'list.txt'}:4"]
    assert "list.txt line 4: label " in table["detail"][0]


def test_classes_without_training_clips_or_with_one_group_are_named(tmp_path):
    rows = ["path,label,split,group"]
    write_clips(tmp_path, takes=2)
    for path in sorted(tmp_path.glob("*/*.mp4")):
        split = "test" if path.parent.name == "stay" else "train"
        group = path.name if path.parent.name == "down" else f"{path.parent.name} alone"
        rows.append(f"{path.relative_to(tmp_path)},{path.parent.name},{split},{group}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    said = kinds(found(tmp_path, labels=str(tmp_path / "labels.csv")))
    assert said == {
        "not in training": ["class stay has no training clip that can be read"],
        "one group": ["class right has one group in training: it cannot be both trained on and scored by group"],
    }


def test_near_duplicates_are_told_from_other_takes():
    rng = np.random.default_rng(0)
    clips = [np.log1p(rng.uniform(5, 40, (12, 15, 20))).astype(np.float32) for _ in range(40)]
    assert near_duplicates.pairs(clips) == []
    copy = np.log1p(np.expm1(clips[7]) * 0.5 + rng.normal(0, 0.3, clips[7].shape).clip(-1, 1)).astype(np.float32)
    ((first, second, r),) = near_duplicates.pairs([*clips, copy])
    assert (first, second) == (7, 40)
    assert r > near_duplicates.ALIKE
    still = np.full((2, 12, 15, 20), 3.0, np.float32)
    assert near_duplicates.pairs(list(still)) == [], "nothing to compare"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("no such file", "missing"),
        ("list.txt line 3: no such file (a.mp4 is there)", "missing"),
        ("empty file", "empty"),
        ("not a video, or cut off (no container header)", "not a video"),
        ("holds no video stream, or is cut off (3 of at least 5 bytes are there)", "no video"),
        ("cut off: 29 of 48 frames", "cut off"),
        ("damaged: 10 of 48 frames are corrupt", "damaged"),
        ("label 'a', but the same bytes are x with label 'b': one is wrong", "two labels"),
        ("list.txt line 4: class number 9 is not one of 0 to 3 (classInd.txt)", "wrong label"),
        ("Permission denied", "unreadable"),
    ],
)
def test_reasons_have_kinds(reason, kind):
    assert kind_of(reason) == kind
    assert kind in KINDS


def test_the_command_writes_tables_and_pictures_and_fails_where_anything_is_wrong(darkhar, tmp_path):
    root = write_clips(tmp_path / "clips")
    code, out, err = darkhar(
        "check", "dataset=video_folder", f"dataset.root={root}", f"folder={tmp_path / 'out'}", "frames=12"
    )
    assert code == 0, err
    assert "short" in out
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"check.csv", "clips.csv", "classes.csv", "overview.png", "clips.png"}
    table = pd.read_csv(tmp_path / "out" / "check.csv")
    assert table["kind"].tolist() == ["short"] * 6
    (root / "down" / "down_0_0.mp4").write_bytes(b"")
    code, out, err = darkhar("check", "dataset=video_folder", f"dataset.root={root}")
    assert code == 1
    assert "1 thing is wrong with these clips: 1 x empty; each is named in " in err
    assert "down/down_0_0.mp4: empty file" in out
    (folder,) = (tmp_path / "outputs" / "check").iterdir()
    assert folder.name.startswith("video_folder-")


@pytest.mark.parametrize(
    ("word", "said"),
    [("frames=x", "frames='x': allowed is an int >= 1"), ("frames=0", "allowed is an int"), ("folder=a", "is a file")],
)
def test_bad_words_of_the_command(darkhar, tmp_path, word, said):
    (tmp_path / "a").write_text("")
    code, _, err = darkhar("check", "dataset.config=tiny", word)
    assert code == 2
    assert said in err
