"""Small copies of the field's data sets: folders, lists and names as they are handed out, with clips of our own."""

from functools import cache
from pathlib import Path

from darkhar_cli.data.video import write_video
from tests.conftest import moving_square


@cache
def _clip(label: int, take: int) -> bytes:
    return write_video(moving_square(label % 3, take), 30)


def put(root: Path, name: str, label: int, take: int) -> None:
    """Write a clip of its own content under a name."""
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(_clip(label, take))


def arid(root: Path) -> Path:
    """ARID: classes 0, 1 and 10; recordings 1 and 2 are trained on, 3 is tested, the third list shares recording 3."""
    names = {0: "Drink", 1: "Jump", 10: "Wave"}
    clips = {
        (g, t): [(n, f"{c}/{c}_{g}_{t}.avi") for n, c in names.items()]
        for g, t in ((1, 1), (1, 2), (2, 1), (3, 1), (3, 9))
    }
    for take, (key, named) in enumerate(clips.items()):
        for label, (_, path) in enumerate(named):
            put(root / "clips", path, label, take)
        assert key
    parts = {
        1: {"train": ((1, 1), (1, 2), (2, 1)), "test": ((3, 1),), "other": ((3, 9),)},
        2: {"train": ((3, 1), (2, 1)), "test": ((1, 1), (1, 2)), "other": ()},
        3: {"train": ((1, 1), (3, 1)), "test": ((2, 1),), "other": ((3, 9),)},
    }
    lists = root / "list_cvt"
    lists.mkdir()
    for split, uses in parts.items():
        for part, keys in uses.items():
            rows = [row for key in keys for row in clips[key]]
            text = "".join(f"{i}\t{number}\t{path}\n" for i, (number, path) in enumerate(rows))
            if text:
                (lists / f"ARID_split{split}_{part}.txt").write_text(text)
    return root


def dark48(root: Path) -> Path:
    """Dark-48: `class/file number`, names in classInd.txt; source yt-c is on both sides of split 1."""
    names = ("burning", "raining", "singing")
    (root / "annotations").mkdir()
    (root / "annotations" / "classInd.txt").write_text("\n".join(f"{i}\t{name}" for i, name in enumerate(names)))
    sources = ("yt-a_1", "yt-a_2", "AdBJAjn-yVM_000040_000050", "yt-c_7", "yt-c_25")
    for label, name in enumerate(names):
        for take, source in enumerate(sources):
            put(root / "videos", f"{name}/{source}.mp4", label, take)
    for split in (1, 2, 3):
        held = {1: sources[4:], 2: sources[2:3], 3: sources[3:]}[split]
        for part in ("train", "test"):
            rows = [
                f"{name}/{source}.mp4 {label}\n"
                for label, name in enumerate(names)
                for source in sources
                if (source in held) == (part == "test")
            ]
            (root / "annotations" / f"{part}_split{split}.txt").write_text("".join(rows))
    return root


def hmdb51(root: Path) -> Path:
    """HMDB51: a list per class and split; 1 training, 2 test, 0 neither."""
    lists = root / "testTrainMulti_7030_splits"
    lists.mkdir()
    for label, name in enumerate(("brush_hair", "walk")):
        files = [f"{film}_{name}_u_nm_np1_ba_goo_{n}.avi" for film in ("April_09", "Casablanca", "Up") for n in (0, 1)]
        for take, file in enumerate(files):
            put(root, f"{name}/{file}", label, take)
        for split, parts in ((1, "111122"), (2, "221111"), (3, "112201")):
            rows = [f"{file} {part} \r\n" for file, part in zip(files, parts, strict=True)]
            (lists / f"{name}_test_split{split}.txt").write_text("".join(rows), newline="")
    return root


def ucf101(root: Path) -> Path:
    """UCF101: numbers from 1 in training lists, none in test lists."""
    lists = root / "ucfTrainTestlist"
    lists.mkdir()
    names = ("ApplyEyeMakeup", "Archery")
    (lists / "classInd.txt").write_text("".join(f"{i} {name}\r\n" for i, name in enumerate(names, 1)), newline="")
    train, test = "", ""
    for label, name in enumerate(names):
        for take, (group, number) in enumerate(((8, 1), (8, 2), (9, 1), (1, 1))):
            path = f"{name}/v_{name}_g{group:02d}_c{number:02d}.avi"
            put(root / "UCF-101", path, label, take)
            if group == 1:
                test += f"{path}\r\n"
            else:
                train += f"{path} {label + 1}\r\n"
    (lists / "trainlist01.txt").write_text(train, newline="")
    (lists / "testlist01.txt").write_text(test, newline="")
    return root


def ellar(root: Path) -> Path:
    """ELLAR: mmaction2's `path number` lists, without a file of names."""
    rows: dict[str, str] = {"train": "", "val": "", "test": ""}
    for label, name in enumerate(("Run", "Sit")):
        for take, part in enumerate(("train", "train", "train", "val", "test")):
            path = f"{name}/LL_{part}_{take}.mp4"
            put(root / "videos", path, label, take)
            rows[part] += f"{path} {label}\n"
    for part, text in rows.items():
        (root / f"ELLAR_label_{part}.txt").write_text(text)
    return root


def ug2(root: Path, labelled: bool = True) -> Path:
    """UG2+: csv lists with a header; test clips are called by number alone, and may have no label."""
    names = {5: "Run", 6: "Sit"}
    (root / "mapping_table_t1.txt").write_text("".join(f"{number}\t{name}\r\n" for number, name in names.items()))
    rows = [(f"{name}_{g}_{t}.mp4", number) for number, name in names.items() for g, t in ((1, 1), (1, 2), (2, 1))]
    for take, (file, number) in enumerate(rows):
        put(root / "train_data", file, number - 5, take)
    lines = ["VideoID,Video,ClassID", *(f"{i},{file},{number}" for i, (file, number) in enumerate(rows))]
    (root / "ARID1.1_t1_train_pub.csv").write_text("\n".join(lines))
    for number in range(2):
        put(root / "test_data", f"{number}.mp4", number, 20 + number)
    lines = ["VideoID,Video,ClassID", "0,0.mp4,5", "1,1.mp4,6"] if labelled else ["VideoID,Video", "0,0.mp4", "1,1.mp4"]
    (root / "ARID1.1_t1_test_pub.csv").write_text("\n".join(lines))
    return root


def kinetics(root: Path) -> Path:
    """Kinetics: names quoted where they hold commas, files called by video and seconds, in folders by class."""
    head = "label,youtube_id,time_start,time_end,split\n"
    for part, ids in (("train", ("-hqDz946aOk", "AdBJAjn-yVM", "K5XN4RhwxK0")), ("val", ("G3NUFBSfyjI",))):
        text = head
        for label, name in enumerate(("bowing, formally", "singing")):
            for take, video in enumerate(ids):
                video = f"{label}{video[1:]}"
                put(
                    root / part,
                    f"{name}/{video}_{12 + take:06d}_{22 + take:06d}.mp4",
                    label,
                    take + 10 * (part == "val"),
                )
                text += f'"{name}",{video},{12 + take},{22 + take},{part.replace("val", "validate")}\n'
        (root / f"{part}.csv").write_text(text)
    return root


MADE = {"arid": arid, "dark48": dark48, "hmdb51": hmdb51, "ucf101": ucf101, "ellar": ellar, "ug2": ug2}
MADE |= {"kinetics": kinetics}
