"""Rows of predictions: csv, json lines, json, the terminal's tables, events and timelines."""

import csv
import json

import cv2
import numpy as np
import pandas as pd
import pytest

from darkhar_cli import console
from darkhar_cli.errors import BadRequest
from darkhar_cli.prediction import formats, output, terminal, timeline
from darkhar_cli.prediction.rows import FailedVideo, PredictedSpan, RowFormat, table_of

ROWS = RowFormat(("jump", "run", "a, b"), threshold=0.5, top=2)


def span(p, start=0.0, end=1.5, video="clip.mp4", window=False, centre=None, notes=()):
    return PredictedSpan(video, start, end, np.array(p), 12.3456, notes, centre or (start, end), window)


SURE, UNSURE = [0.1, 0.7, 0.2], [0.4, 0.3, 0.3]
FOUND = [span(SURE), span(UNSURE, notes=("nobody moves (x)", "y")), FailedVideo("bad.mp4", 'not a "video"\n')]


def written(form, path):
    with output.writing(ROWS, form, path) as writers:
        for one in FOUND:
            for writer in writers:
                writer.write(one)
    return path.read_text(encoding="utf-8")


def test_csv_has_a_whole_line_for_each_row(tmp_path):
    text = written("csv", tmp_path / "new" / "rows.csv")
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == ROWS.columns
    assert [row["label"] for row in rows] == ["run", "jump", ""]
    assert [row["uncertain"] for row in rows] == ["false", "true", ""]
    assert [row["p_a, b"] for row in rows] == ["0.2", "0.3", ""]
    assert rows[1]["notes"] == "nobody moves (x); y"
    assert rows[2]["error"] == 'not a "video"\\n'
    assert (rows[0]["start"], rows[0]["end"], rows[0]["luma"]) == ("0.0", "1.5", "12.346")


def test_json_is_an_array_and_json_lines_are_its_entries(tmp_path):
    entries = json.loads(written("json", tmp_path / "rows.json"))
    lines = [json.loads(line) for line in written("jsonl", tmp_path / "rows.jsonl").splitlines()]
    assert entries == lines
    assert entries[0]["top"] == [["run", 0.7], ["a, b", 0.2]]
    assert entries[0]["probabilities"] == {"jump": 0.1, "run": 0.7, "a, b": 0.2}
    assert entries[1]["uncertain"] is True
    assert entries[2] == {"video": "bad.mp4", "error": 'not a "video"\\n'}


def test_rows_are_there_as_soon_as_they_are_written(tmp_path):
    path = tmp_path / "rows.jsonl"
    with output.writing(ROWS, "jsonl", path) as writers:
        for count in (1, 2, 3):
            writers[0].write(FOUND[0])
            assert path.read_text().count("\n") == count


def test_an_interruption_leaves_what_was_predicted(tmp_path):
    for form in ("json", "csv"):
        path = tmp_path / f"rows.{form}"

        def stopped(form=form, path=path):
            with output.writing(ROWS, form, path) as writers:
                writers[0].write(FOUND[0])
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stopped()
        assert "run" in path.read_text()
    assert len(json.loads((tmp_path / "rows.json").read_text())) == 1


def test_a_files_suffix_stands_for_its_format():
    assert formats.format_of(None, None) == "table"
    assert formats.format_of(None, "x/rows.JSONL") == "jsonl"
    assert formats.format_of("csv", "rows.txt") == "csv"
    with pytest.raises(BadRequest, match=r"output=rows\.txt: give format=csv, json or jsonl"):
        formats.format_of(None, "rows.txt")


def shown(table):
    with console.out.capture() as captured:
        console.out.print(table)
    return captured.get()


def test_the_table_names_the_best_classes_and_what_failed():
    text = shown(terminal.videos_table(FOUND, ROWS))
    for words in ("run", "70.0 %", "a, b 20.0 %", "uncertain (jump)", "40.0 %", "failed", "not a"):
        assert words in text


def windows(labels, threshold_at=()):
    """Return a window of two seconds a second later each; those at some places are uncertain."""
    found = []
    for i, label in enumerate(labels):
        p = np.full(3, 0.1)
        p[label] = 0.8
        p = np.full(3, 1 / 3) if i in threshold_at else p
        last = i == len(labels) - 1
        found.append(span(p, i, i + 2, window=True, centre=(i + 0.5 if i else 0.0, i + 2.0 if last else i + 1.5)))
    return found


def test_windows_are_merged_to_events():
    events = timeline.events_of(windows([0, 0, 1, 1, 1, 2], threshold_at=(3,)), ROWS)
    assert [(e.label, e.start, e.end, e.windows) for e in events] == [
        ("jump", 0.0, 2.5, 2),
        ("run", 2.5, 3.5, 1),
        ("uncertain", 3.5, 4.5, 1),
        ("run", 4.5, 5.5, 1),
        ("a, b", 5.5, 7.0, 1),
    ]
    assert events[0].confidence == pytest.approx(0.8)
    text = shown(terminal.events_table(events))
    assert text.count("clip.mp4") == 1
    assert "uncertain" in text


def test_a_timeline_is_two_tables_and_a_picture(tmp_path):
    writer = timeline.TimelineWriter(tmp_path / "out", ROWS)
    for one in [*windows([0, 0, 1]), *(span(SURE, video="other/clip.mp4", window=True) for _ in range(2)), FOUND[0]]:
        writer.write(one)
    writer.close()
    names = [path.name for path in writer.written]
    assert names[:3] == ["clip.timeline.csv", "clip.events.csv", "clip.timeline.png"]
    assert names[3:] == ["clip_.timeline.csv", "clip_.events.csv", "clip_.timeline.png"]
    rows, events = pd.read_csv(tmp_path / "out/clip.timeline.csv"), pd.read_csv(tmp_path / "out/clip.events.csv")
    assert rows["label"].tolist() == ["jump", "jump", "run"]
    assert events[["start", "end", "label"]].to_numpy().tolist() == [[0.0, 2.5, "jump"], [2.5, 4.0, "run"]]
    picture = cv2.imread(str(tmp_path / "out/clip.timeline.png"))
    assert picture.shape[1] > 800
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.25, "3.2 s"), (59.96, "1:00.0"), (125.5, "2:05.5"), (3723.44, "1:02:03.4"), (0, "0.0 s")]
)
def test_times_are_read_as_on_a_clock(seconds, words):
    assert terminal.clock(seconds) == words


def test_a_frame_of_predictions():
    table = table_of(["a", "b"], np.array([SURE, UNSURE]), ROWS.classes)
    assert table["label"].tolist() == ["run", "jump"]
    assert table["p_a, b"].tolist() == [0.2, 0.3]
