"""Lists of labels beside a folder of clips: what they name, and what is wrong with them, by line."""

import pytest

from darkhar_cli.errors import BadRequest, FailedWork
from tests.conftest import write_clips
from tests.helpers.video_folders import excluded, opened


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
    with pytest.raises(
        BadRequest, match=r"labels\.csv:\n  lines 2 and 7: pool/right/.*mp4 is listed twice, with the same"
    ):
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


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("label,path\nright,right/right_0_0.mp4\ndown\n", r"line 3: no path: 1 fields for 2 columns"),
        ("path,label\n ,right\n", "line 2: no path"),
        ("path,label\nright/right_0_0.mp4\n", "line 2: no label"),
        ("path,label\na,b.mp4,right\n", r"line 2: 3 fields for 2 columns; put names that hold commas in quotation"),
        ("path,label\n", r"lists no clip"),
        ("path,label\n\n , \n", r"lists no clip"),
        ("", "is empty"),
        ("path;label\na.mp4;right\n", "put commas between the columns, not ';'"),
        ("path,labels\na.mp4,right\n", "expected columns path,label.*; write 'label', not 'labels'"),
        ("Path,Label\na.mp4,right\n", "; write 'path', not 'Path'$"),
        ("path,LABELS\na.mp4,right\n", "; write 'label', not 'LABELS'$"),
        (
            "\u200bpath,label\na.mp4,right\n",
            r"write 'path', not '\\u200bpath': it holds characters that cannot be seen",
        ),
        ("path,\na.mp4,right\n", "; the column 'label' is missing"),
        (
            "path,label\nright/right_0_0.mp4,right\n\nright/right_0_0.mp4,down\n right/./right_0_0.mp4,right\n",
            "lines 2 and 4 and 5: right/right_0_0.mp4 is listed 3 times, with different labels, 'right' and 'down'",
        ),
        ("path,label,label\na.mp4,right,down\n", "the column 'label' appears twice"),
        ("path,label\nri\0ght.mp4,right\n", "line 2: a NUL character"),
        ('path,label\n"a.mp4,right\nb.mp4,right\n', "line 2: .*is a quotation mark left open"),
        ("path,label\nright/right_0_0.mp4,right\ndown/down_0_0.mp4,Right\n", "'right' is all but class 'Right'"),
    ],
)
def test_a_csv_with_a_fault_is_refused_by_line(tmp_path, rows, said):
    labels = tmp_path / "labels.csv"
    labels.write_text(rows)
    with pytest.raises(BadRequest, match=said):
        opened(write_clips(tmp_path / "clips", takes=1), labels=str(labels))


def test_spaces_around_labels_do_not_count_and_what_is_not_listed_is_named(tmp_path):
    root = write_clips(tmp_path, takes=2)
    rows = ["\ufeffpath, label", "right/right_0_0.mp4, right", " right/right_1_1.mp4,right", "down/down_0_0.mp4,down "]
    (root / "labels.csv").write_bytes("\r\n".join(rows).encode())
    clips = opened(root, labels=str(root / "labels.csv"))
    assert clips.table["label"].tolist() == ["right", "right", "down"]
    assert excluded(clips) == dict.fromkeys(
        ["down/down_1_1.mp4", "stay/stay_0_0.mp4", "stay/stay_1_1.mp4"], "not in labels.csv"
    )
    (root / "old.csv").write_bytes(b"path,label\rright/right_0_0.mp4,right\rdown/down_0_0.mp4,down\r")
    assert len(opened(root, labels=str(root / "old.csv")).table) == 2, "lines as old Macintoshes end them"
