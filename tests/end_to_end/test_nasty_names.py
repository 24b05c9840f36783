"""A whole run on clips whose files and classes are called what breaks tables, figures, pages and terminals."""

import csv
import json
import os
import warnings
from xml.etree import ElementTree

import pandas as pd
import pytest

from darkhar_cli.data.video import write_video
from darkhar_cli.files.tables import column_of, read_csv
from darkhar_cli.metrics import tables
from darkhar_cli.report import figures
from darkhar_cli.report.figures import confusion, style
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.runs.run_tables import save_metrics
from tests.conftest import TINY, moving_square, only

CLASSES = [
    "label",
    "split",
    "$x$",
    "01",
    "1e3",
    "true",
    "=cmd",
    'a,"b"',
    "[red]",
    "<b>",
    "漢字",
    "عربي",
    "p_x",
    "raw\udcff",
]
FILES = ["clip\r", "=1+1", 'a,b "x" $y$', "\udcff\udcfe", "new\nline", "-rf", "[bold]"]
WORDS = ["cv=stratified", "cv.folds=2", "train.epochs=1", *TINY]


@pytest.fixture
def nasty_clips(tmp_path):
    """A folder of two small clips in each of the classes."""
    for label, name in enumerate(CLASSES):
        for take in range(2):
            file = tmp_path / "clips" / name / f"{FILES[(label + take) % len(FILES)]}_{take}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(write_video(moving_square(label % 3, 100 * label + take, n=4), 30))
    return ["dataset=video_folder", f"dataset.root={tmp_path / 'clips'}"]


def test_a_run_on_nasty_names_is_whole(darkhar, nasty_clips, tmp_path, monkeypatch):
    shown = sorted(os.fsencode(name).decode(errors="backslashreplace") for name in CLASSES)
    words = ["train", *nasty_clips, *WORDS]

    def fail(run):
        raise ValueError("no such glyph")

    with monkeypatch.context() as broken:
        broken.setattr(figures, "save_figures", fail)
        code, _, err = darkhar(*words)
    assert code == 0, err
    assert "cannot draw the figures" in err
    assert "no such glyph; its tables are whole" in err
    run = only(tmp_path / "outputs" / "train")
    assert (run / "DONE").is_file()
    assert not (run / "report.html").exists()

    code, out, err = darkhar(*words)
    assert code == 0, err
    assert "already done" in err
    assert (run / "report.html").is_file(), "what could not be drawn is drawn the next time"
    assert json.loads((run / "run.json").read_text())["data"]["classes"] == shown
    predictions = read_csv(run / "predictions.csv")
    assert [name for name in predictions if name.startswith("p_")] == [f"p_{name}" for name in shown]
    assert sorted(predictions["label"]) == sorted(2 * shown)
    confusion = read_csv(run / "metrics/confusion.csv")
    assert list(confusion) == ["split", "label", "n", "scorings", *map(column_of, shown)]
    assert confusion["label"].tolist() == shown
    assert read_csv(run / "metrics/per_class.csv")["class"].tolist() == shown
    for path in run.rglob("*.csv"):
        with path.open(newline="") as file:
            assert len({len(row) for row in csv.reader(file)}) == 1, path.name
    svg = (run / "figures/confusion_validation.svg").read_text()
    texts = [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert set(shown) <= set(texts), "names are drawn as they are"

    assert darkhar("evaluate", run)[0] == 0
    code, out, err = darkhar("evaluate", run, "split=all")
    assert code == 0, err
    assert "28 clips (all), 14 classes" in err
    code, out, err = darkhar("prepare", *nasty_clips)
    assert code == 0, err
    assert all(name in out for name in shown)
    assert darkhar("check", *nasty_clips)[0] == 0


def test_two_hundred_classes_make_no_library_warn(tmp_path):
    classes = [f"{word} {i}" for i, word in enumerate(["漢字", "عربي", "$x$", "walk"] * 50)]
    rows = [
        {"split": split, "repeat": 0, "fold": 0, "id": f"{split}{i}", "group": "", "label": name, "predicted": name}
        | {f"p_{other}": float(other == name) for other in classes}
        | {"frames": "0", "luma": 10.0}
        for split in ("validation", "test")
        for i, name in enumerate(classes)
    ]
    run = Run(tmp_path)
    run.save("predictions.csv", pd.DataFrame(rows))
    names = ("dataset", "sampler", "enhance", "extractor", "classifier", "cv", "seed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictions = run.read("predictions.csv").sort_values(tables.KEYS, ignore_index=True)
        save_metrics(run, predictions, classes, dict.fromkeys(names, "x"), {(0, 0): 1}, 0)
        svg = style.svg(confusion.draw(run, "test"))
    assert "漢字 0" in svg
    assert len(run.read("metrics/confusion.csv")) == 400
