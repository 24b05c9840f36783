"""Typed settings are the yaml files': same keys, same types; a mapping that is none of them is refused."""

import dataclasses
from types import NoneType
from typing import get_type_hints

import pytest

from darkhar_cli.config import schema
from darkhar_cli.config.settings import RuntimeSettings, TrainSettings
from darkhar_cli.errors import BadRequest

KINDS = [("train", TrainSettings), ("runtime", RuntimeSettings)]
TYPES = {"int": int, "float": float, "bool": bool, "str": str, "path": str, "null": NoneType}


def type_of(word):
    return TYPES.get(word.split()[0], str)  # a choice is a word


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_fields_are_the_keys_of_every_yaml(group, kind):
    for option in schema.options(group).values():
        names = [name for name in get_type_hints(kind) if group == "train" or name != "name"]
        assert list(option.parameters) == names, option.name
        for key, parameter in option.parameters.items():
            assert {type_of(word) for word in parameter.types} == {get_type_hints(kind)[key]}, key


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_every_yaml_becomes_settings_that_nobody_changes(group, kind):
    for option in schema.options(group).values():
        named = {"name": option.name} if group == "runtime" else {}
        made = kind.from_config(named | option.defaults)
        assert dataclasses.asdict(made) == named | option.defaults
        with pytest.raises(dataclasses.FrozenInstanceError):
            made.precision = "float16"


def test_defaults_are_those_of_the_yaml():
    assert TrainSettings() == TrainSettings.from_config(schema.options("train")["default"].defaults)
    auto = schema.options("runtime")["auto"].defaults
    assert RuntimeSettings() == RuntimeSettings.from_config({"name": "auto"} | auto)


def test_what_a_stored_run_did_not_know_has_its_default():
    stored = {"epochs": 4, "mode": "features"}
    assert TrainSettings.from_config(stored) == dataclasses.replace(TrainSettings(), epochs=4, mode="features")


def test_an_own_name_of_a_yaml_is_no_setting():
    defaults = schema.options("train")["default"].defaults
    assert TrainSettings.from_config({"name": "default"} | defaults) == TrainSettings.from_config(defaults)


def test_what_was_not_checked_is_refused():
    defaults = schema.options("train")["default"].defaults
    with pytest.raises(BadRequest, match=r"unknown setting in TrainSettings 'epoch'; .* did you mean 'epochs'"):
        TrainSettings.from_config(defaults | {"epoch": 3})
