"""Names become one printable line, look-alikes are refused, and yaml's idea of a word is not believed."""

import unicodedata

import pytest

from darkhar_cli.errors import BadRequest
from darkhar_cli.names import alike, class_named, printable, printable_lines, refuse_alike, reversed_names
from tests.helpers.nasty_names import odd_names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("walk\r", r"walk\r"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        (b"raw\xff\xfe".decode(errors="surrogateescape"), r"raw\xff\xfe"),
        ("\ud800", r"\ud800"),
        ("\u202ekcab", r"\u202ekcab"),
        ("漢字 عربي é $x$ [red]", "漢字 عربي é $x$ [red]"),
    ],
)
def test_a_name_is_one_printable_line(name, shown):
    assert printable(name) == shown
    assert printable(shown) == shown, "what is printable stays as it is"


def test_any_name_can_be_encoded_and_has_no_control_character():
    for name in odd_names(0, 2000):
        shown = printable(name)
        shown.encode()
        assert len(shown.splitlines()) == 1
        assert not {unicodedata.category(letter) for letter in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable_lines("a\r\nb\x1b") == "a\\r\nb\\x1b"


@pytest.mark.parametrize("other", ["Walk", " walk", "walk ", "walk\r", "w\u200balk", "WALK", "\ufeffwalk", "\uff57alk"])
def test_look_alikes_are_refused(other):
    with pytest.raises(BadRequest, match=r"here: class '.*' is all but class '.*did you mean"):
        refuse_alike(["run", "walk", other], "here")


def test_names_that_differ_are_not_alike():
    refuse_alike(["walk", "walks", "walk 1", "walk_1", "01", "1", "漢", "عربي", "$x$", "x"], "here")
    assert alike("e\u0301") == alike("é")


def test_a_word_that_yaml_reads_as_a_number_names_its_class():
    classes = ["01", "1", "1e3", "true", "nan", "null", "walk", "2.50"]
    assert [class_named(value, classes, "w") for value in ("01", 1, 1000.0, True, "walk", 2.5)] == [
        *("01", "1", "1e3", "true", "walk", "2.50")
    ]
    with pytest.raises(BadRequest, match=r"unknown class in w 3; choose from"):
        class_named(3, classes, "w")
    with pytest.raises(BadRequest, match=r"2 could be each of the classes '02', '002'"):
        class_named(2, ["02", "002"], "w")


def test_reversals_take_numbers():
    assert reversed_names({1: 2, 2: None}, ["1", "2"]) == {"1": "2", "2": None}
    assert reversed_names({1: 2}, ["01", "02"]) == {"01": "02"}
    with pytest.raises(BadRequest, match=r"unknown class in dataset\.reverse 7; choose from 1, 2"):
        reversed_names({1: 7}, ["1", "2"])
