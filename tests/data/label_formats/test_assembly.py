"""Class names, places and groups of listed clips, through `video_folder`."""

import json

import pytest

from darkhar_cli.data.label_formats.assembly import ReadingOptions, read_lists
from darkhar_cli.errors import BadRequest

FILES = ("walk/a_1.mp4", "walk/a_2.mp4", "run/b_1.mp4", "run/b_2.mp4")


@pytest.fixture
def root(tmp_path):
    """A folder with four files of two classes."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def read(root, text, **options):
    path = root / "list.txt"
    path.write_text(text)
    return read_lists([(path, "")], ReadingOptions(root, **options))


def numbered(numbers=(0, 0, 1, 1), names=FILES):
    return "".join(f"{name} {number}\n" for name, number in zip(names, numbers, strict=True))


def labels(found):
    return [clip.label for clip in found.clips]


@pytest.mark.parametrize(
    ("name", "text", "numbers"),
    [
        ("classInd.txt", "0\twalk\n1\trun\n", (0, 0, 1, 1)),
        ("classInd.txt", "1 walk\r\n2 run\r\n", (1, 1, 2, 2)),
        ("mapping_table_23.txt", "id,name\n0,walk\n1,run\n", (0, 0, 1, 1)),
        ("classes.txt", "walk\nrun\n", (0, 0, 1, 1)),
        ("classes.txt", "walk\nrun\n", (1, 1, 2, 2)),
        ("classes.txt", "walk\nrun\njump\n", (1, 1, 2, 2)),
        ("label_map.txt", "walk 0\nrun 1\n", (0, 0, 1, 1)),
        ("my_label_map.json", json.dumps({"walk": 4, "run": 7}), (4, 4, 7, 7)),
        ("my_label_map.json", json.dumps({"0": "walk", "1": "run"}), (0, 0, 1, 1)),
    ],
)
def test_class_names_beside_numbers(root, name, text, numbers):
    (root / name).write_text(text)
    found = read(root, numbered(numbers))
    assert labels(found) == ["walk", "walk", "run", "run"]
    assert [one for one in found.classes if one != "jump"] == ["walk", "run"], "in the order of their numbers"
    assert f"(names: {name})" in found.notes[-4]
    assert found.files == [root / name]


def test_without_a_file_folders_name_the_classes_and_without_folders_the_numbers_do(root):
    assert labels(read(root, numbered((3, 3, 5, 5)))) == ["walk", "walk", "run", "run"]
    (root / "flat").mkdir()
    names = [f"flat/{i}.mp4" for i in range(4)]
    found = read(root, numbered((2, 2, 10, 10), names))
    assert (labels(found), found.classes) == (["2", "2", "10", "10"], ["2", "10"])


def test_numbers_counted_otherwise_than_the_names_are_moved_where_folders_say_so(root):
    (root / "classInd.txt").write_text("0 walk\n1 run\n")
    found = read(root, numbered((1, 1, 2, 2)))
    assert labels(found) == ["walk", "walk", "run", "run"]
    assert "class numbers are counted from 1 in the list and from 0 in classInd.txt" in found.notes[0]


def test_numbers_that_can_be_read_in_two_ways_are_refused(root):
    (root / "classes.txt").write_text("sit\nstand\nturn\n")
    with pytest.raises(BadRequest, match=r"numbers 1 to 2: say whether .*dataset\.first_label=0 or .*first_label=1"):
        read(root, numbered((1, 1, 2, 2)))
    assert labels(read(root, numbered((1, 1, 2, 2)), first_label=1)) == ["sit", "sit", "stand", "stand"]
    assert labels(read(root, numbered((1, 1, 2, 2)), first_label=0)) == ["stand", "stand", "turn", "turn"]
    with pytest.raises(BadRequest, match=r"names classes 0 to 2, and the list has numbers 7 to 9; .*class_names=FILE"):
        read(root, numbered((7, 7, 8, 9)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 walk\n0 run\n", "class number '0' appears twice"),
        ("0 walk\n1 walk\n", "class 'walk' appears twice"),
        ("walk\nWalk\n", "'walk' is all but class 'Walk'"),
    ],
)
def test_names_that_mean_two_things_are_refused(root, text, said):
    (root / "classInd.txt").write_text(text)
    with pytest.raises(BadRequest, match=said):
        read(root, numbered())


def test_wrong_labels_are_named_by_line(root):
    for i in range(30):
        (root / "walk" / f"c_{i}.mp4").write_bytes(b"")
    (root / "classInd.txt").write_text("0 walk\n1 run\n")
    text = numbered((0, 1, 1, 5)) + "".join(f"walk/c_{i}.mp4 0\n" for i in range(30))
    problems = [clip.problem for clip in read(root, text).clips]
    assert problems[1] == "list.txt line 2: label 1 ('run'), but its folder is that of 'walk': one is wrong"
    assert problems[3] == "list.txt line 4: class number 5 is not one of 0 to 1 (classInd.txt)"
    assert set(problems[4:]) == {""}


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (FILES, "paths are relative to dataset.root"),
        (tuple(name.removesuffix(".mp4") for name in FILES), "paths are relative to dataset.root"),
        (tuple(f"/data/har/{name}" for name in FILES), "the first 2 folders of paths are not here"),
        (tuple(f"C:\\har\\{name}".replace("/", "\\") for name in FILES), "the first 2 folders of paths are not here"),
        (tuple(name.partition("/")[2] for name in FILES), "clips are in dataset.root by class"),
    ],
)
def test_clips_are_found_whatever_paths_are_relative_to(root, names, where):
    (root / "classInd.txt").write_text("0 walk\n1 run\n")
    found = read(root, numbered(names=names))
    assert [clip.id for clip in found.clips] == list(FILES)
    assert {clip.problem for clip in found.clips} == {""}
    assert where in found.notes[-4]


def test_absolute_paths_are_taken_as_they_are(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("root")
    path = elsewhere / "list.txt"
    path.write_text(numbered(names=[root / name for name in FILES]))
    found = read_lists([(path, "")], ReadingOptions(elsewhere))
    assert [clip.path for clip in found.clips] == [root / name for name in FILES]
    assert {clip.problem for clip in found.clips} == {""}


def test_paths_beside_the_list_or_in_a_folder_called_like_it(root):
    (root / "lists").mkdir()
    (root / "list").mkdir()
    for name in ("walk", "run"):
        (root / name).rename(root / "list" / name)
    found = read(root, numbered())
    assert "paths are relative to list/" in found.notes[-4]
    (root / "list" / "walk").rename(root / "lists" / "walk")
    (root / "list" / "run").rename(root / "lists" / "run")
    path = root / "lists" / "x.txt"
    path.write_text(numbered())
    found = read_lists([(path, "")], ReadingOptions(root / "list"))
    assert "paths are relative to the list's folder" in found.notes[-4]


def test_missing_files_are_named_with_what_is_there(root):
    (root / "walk" / "a_1.mkv").write_bytes(b"")
    found = read(root, "walk/a_1 0\nwalk/a_2.avi 0\nrun/b_1 1\nrun/b_9.mp4 1\n")
    assert [clip.problem for clip in found.clips] == [
        "list.txt line 1: several files fit: a_1.mkv, a_1.mp4",
        "list.txt line 2: no such file (a_2.mp4 is there)",
        "",
        "list.txt line 4: no such file",
    ]


def test_three_rows_are_shown(root):
    notes = read(root, numbered((0, 0, 1, 1))).notes
    assert notes[-4].startswith(
        f"{root / 'list.txt'}: read as 'list' (path and class number (or name)); 4 clips, 2 classes"
    )
    assert notes[-3:] == [f"  line {i + 1}: {name} -> {name.partition('/')[0]}" for i, name in enumerate(FILES[:3])]
