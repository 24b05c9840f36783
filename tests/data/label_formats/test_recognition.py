"""Lists of labels: each format is recognised and read, whatever its line ends; every fault is named by its line."""

import pytest

from darkhar_cli.data.label_formats.recognition import FORMATS, read_list
from darkhar_cli.errors import BadRequest

GOLDEN = {
    "csv": 'path,label,split,group\n"a, b/1.mp4",walk,train,g1\nc/2.mp4,"run, fast",test,g2\n',
    "arid": "0\t0\tDrink/Drink_1_1.avi\n1\t10\tWave/Wave 2_1.avi\n",
    "ug2": "VideoID,Video,ClassID\n0,Run_1_1.mp4,5\n1,1.mp4,6\n",
    "list": "burning/yt-a b_1.mp4 9\nwhistling/yt-yYsrDPcOLtc_25.mp4 47\n",
    "frames": "burning/yt-a_1 75 9\nwhistling/yt-yYsrDPcOLtc_25 91 47\n",
    "ucf101": "Archery/v_Archery_g01_c01.avi 3\nArchery/v_Archery_g01_c02.avi 3\n",
    "kinetics": (
        'label,youtube_id,time_start,time_end,split\n"bowing, deeply",-hqDz946aOk,5,15,train\nsinging,x,1,2,val\n'
    ),
}
ROWS = {
    "csv": [("a, b/1.mp4", "walk", None, "train", "g1"), ("c/2.mp4", "run, fast", None, "test", "g2")],
    "arid": [("Drink/Drink_1_1.avi", "", 0, "", None), ("Wave/Wave 2_1.avi", "", 10, "", None)],
    "ug2": [("Run_1_1.mp4", "", 5, "", None), ("1.mp4", "", 6, "", None)],
    "list": [("burning/yt-a b_1.mp4", "", 9, "", None), ("whistling/yt-yYsrDPcOLtc_25.mp4", "", 47, "", None)],
    "frames": [("burning/yt-a_1", "", 9, "", None), ("whistling/yt-yYsrDPcOLtc_25", "", 47, "", None)],
    "ucf101": [("Archery/v_Archery_g01_c01.avi", "", 3, "", None), ("Archery/v_Archery_g01_c02.avi", "", 3, "", None)],
    "kinetics": [
        ("-hqDz946aOk_000005_000015", "bowing, deeply", None, "train", "-hqDz946aOk"),
        ("x_000001_000002", "singing", None, "val", "x"),
    ],
}


def rows_of(path, form=None):
    return [(row.path, row.label, row.number, row.split, row.group) for row in read_list(path, form).rows]


def written(folder, text, name="labels.txt"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_each_format_is_recognised_and_read(name, end, start, tmp_path):
    path = written(tmp_path, start + GOLDEN[name].replace("\n", end))
    found = read_list(path)
    assert found.format.name == name
    assert rows_of(path) == ROWS[name] == rows_of(path, name)
    assert [row.line for row in found.rows][-1] > 1


def test_hmdb51_lists_are_known_by_their_own_name(tmp_path):
    text = "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1 \nUp_brush_hair_f_nm 1_0.avi 2 \nx.avi 0\n"
    found = read_list(written(tmp_path, text, "brush_hair_test_split1.txt"))
    assert found.format.name == "hmdb51"
    assert [(row.label, row.split) for row in found.rows] == [("brush_hair", s) for s in ("train", "test", "unused")]
    assert found.rows[1].path == "Up_brush_hair_f_nm 1_0.avi"
    assert read_list(written(tmp_path, text)).format.name == "list", "under another name the numbers may be classes"


def test_test_lists_of_ucf101_name_the_class_by_its_folder(tmp_path):
    (row,) = read_list(written(tmp_path, "Archery/v_Archery_g01_c01.avi\r\n")).rows
    assert (row.label, row.number) == ("Archery", None)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a/1.mp4\t3\nb c/2.mp4\t4\n", ["a/1.mp4", "b c/2.mp4"]),
        ("a/1.mp4,3\nb c/2.mp4,4\n", ["a/1.mp4", "b c/2.mp4"]),
        ("  a/1.mp4   3\nb c/2.mp4 4  \n", ["a/1.mp4", "b c/2.mp4"]),
        ("/data/a/1.mp4 3\n/data/b/2 4\n", ["/data/a/1.mp4", "/data/b/2"]),
        ("a/1.mp4 walk\nb/2.mp4 run\n", ["a/1.mp4", "b/2.mp4"]),
    ],
)
def test_paths_and_classes_are_parted_by_tabs_commas_or_spaces(text, paths, tmp_path):
    assert [row[0] for row in rows_of(written(tmp_path, text))] == paths


def test_headers_that_copies_of_a_list_have_are_passed_over(tmp_path):
    text = "VideoID\tClassID\tVideo\n" + GOLDEN["arid"]
    assert rows_of(written(tmp_path, text)) == ROWS["arid"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "arid",
            "0\t0\tDrink/a.avi\n1\tJump\tJump/b.avi\n",
            r"line 2: the class id is no number, got '1\\tJump\\tJump/",
        ),
        ("arid", "0\t0\tDrink/a.avi\n\n1\t2\n", r"line 3: expected video id, class id and path, got '1\\t2'"),
        ("list", "a/1.mp4 3\na/2.mp4\n", r"line 2: expected path and class, got 'a/2.mp4'"),
        ("frames", "a/1 75 3\na/2 75 x\n", r"line 2: the class is no number"),
        ("ug2", "VideoID,Video,ClassID\n0,a.mp4,5\n1,b.mp4\n", r"line 3: 2 fields for 3 columns"),
        ("ug2", "VideoID,Video,ClassID\n0,a.mp4,five\n", r"line 2: the class id 'five' is no number"),
        ("ug2", "VideoID,Video,ClassID\n0,,5\n", r"line 2: no video"),
        ("kinetics", "label,youtube_id,time_start,time_end\na,x,1,2\nb,,3,4\n", r"line 3: no youtube_id"),
        ("kinetics", "label,youtube_id,time_start,time_end\na,x,one,2\n", r"line 2: time_start 'one' .* no seconds"),
        ("kinetics", 'label,youtube_id,time_start,time_end\n"a,x,1,2\n', r"line 2: .*quotation mark left open"),
        ("ucf101", "A/v_A_g01_c01.avi 1\nA/v_A_g01_c02.avi one\n", r"line 2: expected Class/v_Class_g01_c01"),
    ],
)
def test_every_fault_is_named_by_its_line(name, text, said, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(BadRequest, match=said) as failure:
        read_list(path, name)
    assert str(path) in str(failure.value)


def test_a_list_in_no_known_format_is_shown_with_those_that_are(tmp_path):
    with pytest.raises(BadRequest, match=r"not recognised; line 1 is 'hello'\. Known formats") as failure:
        read_list(written(tmp_path, "hello\nworld\n"))
    assert all(f"\n  {name}: " in str(failure.value) for name in FORMATS)
    with pytest.raises(BadRequest, match=r"unknown format .*'ard'.*did you mean 'arid'"):
        read_list(written(tmp_path, "hello\n"), "ard")
    with pytest.raises(BadRequest, match="is not UTF-8 text"):
        read_list(written(tmp_path, "caf\xe9/1.mp4 3\n".encode("latin-1")))
    with pytest.raises(BadRequest, match="line 2: a NUL character"):
        read_list(written(tmp_path, b"a/1.mp4 3\na/\x00.mp4 3\n"))
    with pytest.raises(BadRequest, match=r"dataset\.labels=.*: a folder; give a file"):
        read_list(tmp_path)
