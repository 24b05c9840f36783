"""Pages of a run, a sweep, a comparison and an evaluation: whole, escaped, and the same each time."""

import re
from shutil import copytree

import pytest

from darkhar_cli.evaluation import sweep_table
from darkhar_cli.report import html
from darkhar_cli.report.page.style import SCRIPT, STYLE
from darkhar_cli.runs.run_folder import Run
from tests.helpers.page_folders import BAD, Parsed

OURS = {"html", "head", "meta", "title", "style", "body", "header", "main", "h1", "h2", "h3", "p", "div", "ul", "li"}
OURS |= {"table", "thead", "tbody", "tr", "th", "td", "pre", "dl", "dt", "dd", "details", "summary", "strong", "small"}
OURS |= {"figure", "figcaption", "img", "a", "script"}
DRAWN = {"svg", "line", "circle", "text", "g", "path", "defs", "use", "style", "clippath", "rect", "metadata", "title"}
DRAWN |= {"rdf:rdf", "cc:work", "dc:type", "dc:format", "image", "polygon"}


KINDS = ("run", "evaluation", "sweep", "sweep without methods", "comparison")


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_text_wherever_they_stand(pages, kind):
    page = pages[kind]
    assert BAD not in page
    assert "bad()" in page, "the names are there"
    seen = Parsed(page)
    assert set(seen.elements) <= OURS | DRAWN
    assert seen.elements.count("script") == page.count(f"<script>{SCRIPT}</script>") == 1
    assert (
        seen.elements.count("style") - page.count('darkhar-figure" role') == page.count(f"<style>{STYLE}</style>") == 1
    )
    assert not [one for one in seen.attributes if one[1].startswith("on")]
    assert not [
        one for one in seen.attributes if one[1] in ("href", "src") and ":" in one[2] and "data:image" not in one[2]
    ]
    assert any(BAD[:20] in text for text in seen.text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fetches_nothing_and_is_made_for_any_screen(pages, kind):
    page = pages[kind]
    for word in ("<link", "@import", "url(", "srcset", "<iframe", "fetch("):
        assert word not in page.replace("url(#", ""), word
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    for rule in ("prefers-color-scheme: dark", "@media print", "overflow-x: auto"):
        assert rule in page
    assert page.startswith('<!doctype html>\n<html lang="en">')


@pytest.mark.parametrize("kind", KINDS)
def test_what_limits_the_numbers_is_above_the_first_of_them(pages, kind):
    main = pages[kind].split("<main>")[1]
    assert main.startswith('<div class="warnings" role="alert"><h2>What limits these numbers</h2><ul><li>')
    assert main.index("</ul></div>") < main.index("%")


def test_the_page_of_a_run_has_all_that_is_to_be_known(pages):
    seen = Parsed(pages["run"])
    text = " ".join(seen.text)
    for words in ("What was run", "2026-01-02", "validation: 48 clips in 8 groups", "darkhar train", "a device"):
        assert words in text, words
    for heading in ("All clips together", "Controls: what is scored without the action", "Confusion", "Per recording"):
        assert f"<h2>{heading}</h2>" in pages["run"], heading
    for heading in (
        "Brightness (mean luma of a clip)",
        "Worst mistakes",
        "Enhancement card",
        "Classes",
        "Folds",
        "Figures",
    ):
        assert f"<h2>{heading}</h2>" in pages["run"], heading
    assert "The clips are not at hand" in text
    assert pages["run"].index("darkhar train") < pages["run"].index("the whole configuration")


def test_the_page_of_a_sweep_has_every_job_in_each_bin_of_brightness(pages, folders):
    part = pages["sweep"].split("<h2>Brightness (mean luma of a clip)</h2>")[1].split("</section>")[0]
    runs = [Run(place) for place in sorted(folders["sweep"].iterdir()) if (place / "DONE").exists()]
    bins = [run.read("metrics/brightness.csv").query("split == 'validation' and n > 0") for run in runs]
    assert part.count("<h3>luma ") == len(bins[0]) > 0
    assert part.count("<circle") == sum(map(len, bins))
    first = bins[0].iloc[0]
    assert f"{100 * float(first['accuracy']):.0f} % of {first['n']} clips" in part


def test_the_page_of_a_sweep_names_failed_jobs_with_their_reason(pages):
    for kind in ("sweep", "sweep without methods"):
        text = " ".join(Parsed(pages[kind]).text)
        assert "1 job of 5 not done" in text
        assert "it broke" in text
        assert "darkhar train -m" in text


def written(folder):
    return {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_page_is_the_same_each_time_and_making_it_writes_nothing(folders, pages):
    place = folders["run"].folder.parent
    before = written(place)
    assert html.run_page(Run(folders["run"].folder)) == pages["run"]
    assert html.sweep_page(folders["sweep"], None) == pages["sweep without methods"]
    assert written(place) == before


def test_a_sweep_of_an_earlier_version_is_read_by_its_table(folders, tmp_path):
    folder = copytree(folders["sweep"], tmp_path / "sweep")
    (folder / "sweep.json").unlink()
    table, swept = sweep_table.stored_sweep(folder)
    assert swept == ["enhance", "seed"]
    assert table["error"].tolist()[:4] == [""] * 4
    assert table["error"].iloc[4].startswith("it broke")


def test_a_sweep_that_is_shown_again_is_not_written_again(folders, tmp_path):
    folder = copytree(folders["sweep"], tmp_path / "sweep")
    table, swept = sweep_table.stored_sweep(folder)
    jobs = {folder / row["folder"]: {"enhance": row["enhance"], "seed": row["seed"]} for _, row in table.iterrows()}

    def save():
        sweep_table.save_sweep(folder, jobs, swept)
        sweep_table.save_methods(folder)
        sweep_table.save_facts(folder, sweep_table.facts_of(folder)["overrides"], swept)

    save()
    before = written(folder)
    save()
    assert written(folder) == before


@pytest.mark.parametrize("kind", ["run", "evaluation", "sweep"])
def test_report_shows_a_folder_and_writes_only_what_is_asked_for(darkhar, folders, tmp_path, kind):
    folder = folders[kind].folder if kind == "run" else folders[kind]
    before = written(folder)
    code, out, err = darkhar("report", folder)
    assert code == 0, err
    assert "chance" in out
    assert list(tmp_path.iterdir()) == []
    code, out, err = darkhar("report", folder, f"html={tmp_path / 'page.html'}")
    assert code == 0, err
    assert f"report: {tmp_path / 'page.html'}" in out
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert written(folder) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["."], "holds no run, sweep, evaluation or comparison"),
        ([".", "hmtl=true"], "report does not know 'hmtl=true'.*did you mean 'html'"),
        ([".", ".."], "report takes one folder, not 2"),
        ([".", "html="], "report does not know 'html='"),
    ],
)
def test_what_report_does_not_take_is_one_message(darkhar, words, said):
    code, out, err = darkhar("report", *words)
    assert code == 2
    assert re.search(said, " ".join(err.split()))
    assert out == ""
