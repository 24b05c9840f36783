"""The yaml files are the schema: each parameter says its type and meaning, and its default fits."""

import pytest

from darkhar_cli.config import schema
from darkhar_cli.config.parameter_types import in_words
from darkhar_cli.errors import BadRequest

ALL = [option for group in schema.GROUPS for option in schema.options(group).values()]


@pytest.mark.parametrize("option", ALL, ids=lambda option: f"{option.group}={option.name}")
def test_every_option_explains_itself(option):
    assert option.summary.endswith("."), "the first comment line is what `list` prints"
    for parameter in option.parameters.values():
        assert parameter.types, f"{parameter.name} has no type in its comment"
        assert parameter.meaning, f"{parameter.name} has no meaning in its comment"
        if parameter.default != schema.MISSING:
            schema.check_value(parameter.name, parameter.default, parameter)


def test_settings_explain_themselves():
    assert set(schema.settings("train")) == {
        "seed",
        "name",
        "fresh",
        "final",
        "controls",
        "streams",
        "fusion",
        "score_mirrored",
        "cache_dir",
    }
    for parameter in schema.settings("train").values():
        assert parameter.types
        assert parameter.meaning
        schema.check_value(parameter.name, parameter.default, parameter)


@pytest.mark.parametrize(
    ("types", "good", "bad"),
    [
        (("int >= 1",), [1, 7], [0, 1.0, True, "1", None]),
        (("float > 0 < 1",), [0.5], [0, 1, 1.5, "0.5", False]),
        (("bool",), [True, False], [0, 1, "true"]),
        (("null", "path"), [None, "/a"], [3, ""]),
        (("0.25", "1.0"), [0.25, 1.0, 1], [0.3, "0.25", True]),
        (("[int >= 3, int >= 3]", "native"), [[3, 4], "native"], [[3], [3, 2], ["a", "b"], "nativ"]),
        (("path",), ["/a", "a"], ["none", "imagenet", "", 3]),
        (("list of int",), [[], [3, 2]], [3, [0], ["a"]]),
        (("all", "list of str"), ["all", [], ["a", "|a:b|"]], ["al", [""], ["a", 3], [None], None]),
    ],
)
def test_values_are_checked_against_the_comment(types, good, bad):
    parameter = schema.Parameter("key", None, types, "a meaning")
    for value in good:
        schema.check_value("key", value, parameter)
    for value in bad:
        with pytest.raises(BadRequest, match="key="):
            schema.check_value("key", value, parameter)


def test_missing_value_is_asked_for_in_words():
    parameter = schema.options("dataset")["ee6222har"].parameters["root"]
    with pytest.raises(BadRequest, match=r"dataset\.root is needed: the folder that holds train\.txt"):
        schema.check_value("dataset.root", "???", parameter)


def test_path_keys_are_found_in_the_comments():
    assert {"dataset.root", "dataset.data_dir", "extractor.weights", "hydra.run.dir", "cache_dir"} <= schema.path_keys()


def test_what_is_allowed_is_said_in_words():
    said = {
        "int": "a whole number",
        "int >= 0 <= 4294967295": "a whole number from 0 to 4294967295",
        "int >= 1": "a whole number of at least 1",
        "int >= 0 < 50": "a whole number of at least 0 and below 50",
        "float > 0 <= 1": "a number above 0 and of at most 1",
        "[int >= 32, float > 0]": "[a whole number of at least 32, a number above 0]",
        "list of int": "list of int",
        "0.25": "0.25",
        "native": "native",
    }
    assert {kind: in_words(kind) for kind in said} == said
    every = {
        kind
        for group in schema.GROUPS
        for o in schema.options(group).values()
        for p in o.parameters.values()
        for kind in p.types
    }
    assert not any(sign in in_words(kind) for kind in every for sign in "<>")
