"""Tables keep names to the letter: a row stays a row, words stay words, numbers numbers."""

import csv
import warnings

import pandas as pd
import pytest

from darkhar_cli.files.tables import TEXTS, column_of, read_csv, write_csv, write_text
from darkhar_cli.names import printable
from tests.helpers.nasty_names import odd_names

WORDS = ["01", "1e3", "true", "nan", "NA", "null", "None", "", " ", "=cmd", "+1", "-1", "@x", 'q"u,o', "'", "$x$"]
WORDS += ["[red]", "漢字", "عربي", "a\rb", "a\nb", "a\tb", "\\n", "\\", ":cat:", "inf", "0x1f", "1_000"]


def test_every_name_comes_back_as_its_printable_self(tmp_path):
    names = WORDS + [printable(name) for name in odd_names(1, 500)]
    table = pd.DataFrame({"id": names, "label": names[::-1], "n": range(len(names))})
    table = table.assign(**{f"p_{i} {name}": 0.25 for i, name in enumerate(names[:60])})
    write_csv(tmp_path / "t.csv", table)
    found = read_csv(tmp_path / "t.csv")
    assert found["id"].tolist() == [printable(name) for name in names]
    assert found["label"].tolist() == [printable(name) for name in names[::-1]]
    assert found["n"].tolist() == list(range(len(names)))
    assert list(found) == [printable(name) for name in table]
    assert (found.iloc[:, 3:].to_numpy(float) == 0.25).all()
    with (tmp_path / "t.csv").open(newline="") as file:  # and for any other reader
        rows = list(csv.reader(file))
    assert len(rows) == len(names) + 1
    assert [row[0] for row in rows[1:]] == found["id"].tolist()
    assert len((tmp_path / "t.csv").read_text().splitlines()) == len(rows), "a line per row, whoever counts"


def test_a_column_of_words_stays_one_whatever_they_look_like(tmp_path):
    for words in (["01", "02"], ["1e3", "2e3"], ["true", "false"], ["nan", "NA"], ["", ""]):
        write_csv(tmp_path / "t.csv", pd.DataFrame(dict.fromkeys(TEXTS, words)))
        found = read_csv(tmp_path / "t.csv")
        assert all(found[name].tolist() == words for name in TEXTS)


def test_numbers_stay_numbers(tmp_path):
    table = pd.DataFrame({"id": ["a", "b"], "x": [-1.5, 1 / 3], "y": [1, float("nan")], "of": ["folds", "ensemble"]})
    write_csv(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text() == "id,x,y,of\na,-1.5,1,folds\nb,0.33333333,,ensemble\n"
    write_csv(tmp_path / "t.csv", table, None)
    assert read_csv(tmp_path / "t.csv")["x"].tolist() == [-1.5, 1 / 3]
    write_csv(tmp_path / "none.csv", table.iloc[:0])
    assert (tmp_path / "none.csv").read_text() == "id,x,y,of\n"


def test_tables_of_hundreds_of_classes_take_columns_without_a_warning(tmp_path):
    write_csv(tmp_path / "t.csv", pd.DataFrame({"id": ["a"]} | {f"p_{i}": [0.5] for i in range(300)}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = read_csv(tmp_path / "t.csv")
        table["right"] = 1
        assert len(table.assign(more=2).columns) == 303


def test_columns_of_classes_never_meet_other_columns():
    names = [
        "label",
        "split",
        "n",
        "scorings",
        "class label",
        "class class split",
        "id",
        "walk",
        "class",
        "class walk",
        "class ",
    ]
    columns = [column_of(name) for name in names]
    assert len({*columns}) == len(names)
    assert not {*columns} & {"split", "label", "n", "scorings"}
    assert column_of("walk") == "walk"
    assert column_of("label") == "class label"


def test_what_cannot_be_encoded_does_not_cost_the_table(tmp_path):
    write_text(tmp_path / "error.txt", "no \udcff\rhere\n")
    assert (tmp_path / "error.txt").read_text() == "no \\xff\\rhere\n"


@pytest.mark.parametrize("text", ["", "a,b\n1\n2,3,4\n"])
def test_a_file_that_is_no_table_is_a_value_error(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=r"No columns|tokenizing"):
        read_csv(tmp_path / "t.csv")
