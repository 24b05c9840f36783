"""The report: from the run's folder alone, escaped, and the same each time."""

from xml.etree import ElementTree

import pandas as pd
import pytest

from darkhar_cli.caveats import Caveat, Kind, stored
from darkhar_cli.files.tables import column_of, write_text
from darkhar_cli.report.figures import save_figures
from darkhar_cli.report.html import save_page
from darkhar_cli.report.page.style import SCRIPT
from darkhar_cli.runs.run_folder import Run

NASTY = "<b>jump</b> & co"


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    names = {
        "dataset": NASTY,
        "sampler": "s",
        "enhance": "e",
        "extractor": "x",
        "classifier": "c",
        "cv": "k",
        "seed": 0,
    }
    numbers = {"split": "validation", "n": 4, "correct": 3, "accuracy": 0.75, "recall_macro": 0.75, "loss": 0.5}
    run.save("metrics/folds.csv", pd.DataFrame([{**names, "repeat": 0, "fold": 0, **numbers, "epochs": 2}]))
    more = {"of": "folds", "lower": 0.3, "upper": 0.95, "interval": "Wilson", "groups": 4, "chance": 0.5, "folds": 1}
    more |= {"recall_lower": 0.25, "recall_upper": 0.9, "f1_macro": 0.7, "f1_lower": 0.2, "f1_upper": 0.85}
    more |= {"largest_class": 0.5, "top_2": "", "calibration_error": 0.1}
    run.save("metrics/summary.csv", pd.DataFrame([{**names, **numbers, **more}]))
    counts = {"split": ["validation"] * 2, "label": [NASTY, "sit"], "n": [2, 2], "scorings": [4, 4]}
    run.save("metrics/confusion.csv", pd.DataFrame(counts | {NASTY: [2, 0.5], "sit": [0, 1.5]}))
    brightness = {"split": "validation", "low": 0, "high": 5, "n": 4, "correct": 3, "accuracy": 0.75}
    run.save("metrics/brightness.csv", pd.DataFrame([brightness]))
    run.save("metrics/per_class.csv", pd.DataFrame([{"split": "validation", "class": NASTY, "n": 2, "recall": 1.0}]))
    history = {"repeat": 0, "fold": 0, "epoch": [0, 1], "loss": [1.0, 0.5], "inner_loss": [1.1, ""]}
    run.save("metrics/history.csv", pd.DataFrame(history))
    write_text(tmp_path / "config.yaml", f"name: {NASTY} <i>\n")
    run.add_facts(
        data={"skipped": 3, "synthetic": True}, caveats=stored([Caveat(Kind.LEAK, "<b> leaks", "validation")])
    )
    return run


def test_figures_are_drawn_and_are_the_same_each_time(run):
    first = save_figures(run)
    assert set(first) == {"confusion_validation", "history", "brightness_validation"}
    assert save_figures(run) == first
    for name, svg in first.items():
        assert ElementTree.fromstring(svg).tag.endswith("svg")
        assert (run.folder / "figures" / f"{name}.svg").read_text() == svg
    assert "&lt;b&gt;jump" in first["confusion_validation"]
    assert ">1.5<" in first["confusion_validation"], "a clip that folds disagree on is divided"
    assert "validation: clips (mean of 8 scorings)" in first["confusion_validation"]


def test_the_page_escapes_what_users_named(run):
    save_page(run, save_figures(run))
    page = (run.folder / "report.html").read_text()
    assert "<b>" not in page
    assert "<i>" not in page
    assert page.count("<script") == page.count(f"<script>{SCRIPT}</script>") == 1, "our own alone: it sorts tables"
    assert "75.0 %" in page
    assert "macro recall 75.0 % [25.0, 90.0]; 3 of 4 clips, 75.0 % [30.0, 95.0]; chance 50.0 %" in page
    for title, cell in (
        ("macro recall", "75.0 % [25.0, 90.0]"),
        ("share of clips", "75.0 % [30.0, 95.0]"),
        ("macro F1", "70.0 % [20.0, 85.0]"),
    ):
        assert f"<th>{title}</th>" in page
        assert f'<td dir="auto">{cell}</td>' in page
    assert "<th>aggregate</th>" in page
    assert "<th>of</th>" not in page
    assert "recall_macro" not in page
    assert page.count("Folds share training data, so an interval is about these models on new recordings") == 1
    box = '<div class="warnings" role="alert"><h2>What limits these numbers</h2><ul>'
    told = "<li>3 broken clips left out</li><li>synthetic clips</li><li>&lt;b&gt; leaks</li></ul></div>"
    assert f"{box}{told}<h2>All clips together</h2>" in page, "above the first number"
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")


def test_a_page_without_warnings_has_no_box(run):
    run.add_facts(data={}, caveats=[])
    save_page(run, save_figures(run))
    assert "What limits these numbers" not in (run.folder / "report.html").read_text()


def test_names_are_drawn_as_they_are_without_a_warning(run):
    names = ["$x$", "$\\frac{", "漢字", "عربي", "label", "<b>", "a_b^c"]
    counts = pd.DataFrame({"split": "validation", "label": names} | {column_of(name): 1 for name in names})
    run.save("metrics/confusion.csv", counts)
    svg = save_figures(run)["confusion_validation"]
    texts = [node.text for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")]
    assert all(texts.count(name) == 2 for name in names)
