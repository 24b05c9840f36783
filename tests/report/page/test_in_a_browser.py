"""Pages in headless Chromium: no wider than the window, a silent console, tables that sort; skipped where it is not."""

import pytest

from tests.helpers.browser import NAMES, chromium, opened

KINDS = ("run", "evaluation", "sweep", "comparison")
pytestmark = pytest.mark.skipif(not chromium(), reason=f"no Chromium is installed ({', '.join(NAMES)})")


@pytest.fixture(scope="module")
def files(pages, tmp_path_factory):
    """The page of each kind of folder, as a file."""
    place = tmp_path_factory.mktemp("pages")
    for kind in KINDS:
        (place / f"{kind}.html").write_text(pages[kind], encoding="utf-8")
    return {kind: place / f"{kind}.html" for kind in KINDS}


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wider_than_the_window_and_the_console_is_silent(files, kind, width):
    seen, console = opened(files[kind], width)
    assert seen["inner"] == width
    assert seen["page"] <= width
    assert console == []


def test_a_click_on_a_heading_sorts_by_numbers_and_by_words(files):
    script = """(function () {
        var table = Array.from(document.querySelectorAll("table.sorted")).find(function (one) {
            return one.tHead.textContent.indexOf("precision") >= 0; });
        function column(name) {
            var place = Array.from(table.tHead.rows[0].cells).findIndex(function (one) {
                return one.textContent === name; });
            table.tHead.rows[0].cells[place].click();
            return Array.from(table.tBodies[0].rows).map(function (row) { return row.cells[place].textContent; });
        }
        return [column("recall"), column("recall"), column("class")]; })()"""
    up, down, words = opened(files["run"], 1280, script)[0]["value"]
    numbers = [float(text.split()[0]) for text in up]
    assert numbers == sorted(numbers)
    assert down == up[::-1] or [float(text.split()[0]) for text in down] == sorted(numbers, reverse=True)
    assert len(words) == 4
    assert words == sorted(words, key=str.lower) or len(set(words)) == 4


def test_the_browser_would_have_noticed(tmp_path):
    page = tmp_path / "bad.html"
    bad = "<div style='width:2000px'>x</div><script>console.error('heard')</script>"
    page.write_text(f"<!doctype html><html><body>{bad}</body></html>")
    seen, console = opened(page, 400)
    assert seen["page"] > 400
    assert any("heard" in line for line in console)
