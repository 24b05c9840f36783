"""Pages for users: short, linked, nothing twice; the map of the code names files that exist."""

import re

import pytest

from tests.conftest import ROOT
from tests.helpers.pages import CHECKED, PAGES, RUN, every_page

EVERY = every_page()
WHERE = PAGES["darkhar_cli/README.md"].split("## Where")[1]
ANSWERS = re.findall(r"^\| (.+?) \| (.+) \|$", WHERE, re.M)[2:]


def anchor(heading: str) -> str:
    """Return what GitHub makes of a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_readme_is_for_a_first_hour():
    assert len(PAGES["README.md"].splitlines()) <= 200


def test_every_page_is_in_the_order_of_reading():
    own = {name for name in EVERY if not name.startswith(("datasets/", ".github/"))} | {"datasets/README.md"}
    own |= {name for name in EVERY if name.startswith(".github/docs/")}
    assert own <= set(PAGES)


@pytest.mark.parametrize("name", EVERY)
def test_links_lead_to_pages_and_headings(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", EVERY[name]):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        assert place.exists(), target
        if heading:
            assert heading in {anchor(line) for line in re.findall(r"^#+ (.+)$", place.read_text(), re.M)}, target


def test_every_page_is_reached_from_the_readme():
    linked, ahead = set(), ["README.md"]
    while ahead:
        name = ahead.pop()
        linked.add(name)
        for target in re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", EVERY[name]):
            place = str(((ROOT / name).parent / target).resolve().relative_to(ROOT))
            if place in EVERY and place not in linked:
                ahead.append(place)
    templates = {name for name in EVERY if name.endswith("_template.md")}
    assert linked == set(EVERY) - templates


def test_no_line_is_in_two_pages():
    seen = {}
    for name, text in EVERY.items():
        for line in {line.strip() for line in text.splitlines() if len(line.strip()) > 40}:
            assert seen.setdefault(line, name) == name, line


@pytest.mark.parametrize("name", EVERY)
def test_every_command_is_in_a_block_that_is_run_or_checked(name):
    assert not re.findall(r"^ {4,}(?:darkhar|make) .*$", EVERY[name], re.M)
    assert not re.findall(r"^```(?:bash|shell)", EVERY[name], re.M)
    read = {page for page, _ in (*RUN, *CHECKED)}
    assert name in read or not re.search(r"^```(?:console|sh)$", EVERY[name], re.M)


def test_the_map_answers_where_to_change_what():
    assert len(ANSWERS) >= 10
    for word in ("early-stopping rule", "label format", "verb", "metric"):
        assert any(word in question for question, _ in ANSWERS), word


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_each_answer_of_the_map_names_what_exists(question, answer):
    words = re.findall(r"`([^`]+)`", answer)
    places = [word for word in words if "/" in word or word.endswith(".py")]
    assert places or "yaml" in answer, question
    found = [place for word in places for place in (ROOT / "darkhar_cli" / word, ROOT / word) if place.exists()]
    assert len(found) == len(places), words
    texts = [place.read_text() for place in found if place.is_file()]
    for name in (word for word in words if re.fullmatch(r"[a-z_]+", word)):
        assert any(re.search(rf"^(def|class) {name}\b", text, re.M) for text in texts), name
