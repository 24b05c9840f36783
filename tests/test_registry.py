"""The word a user types = the yaml's name = the registered name; yaml and signature agree."""

import inspect
from dataclasses import asdict

import pytest

from darkhar_cli import registry
from darkhar_cli.classifiers.blocks.options import InputOptions
from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest

_GIVEN = {"enhance": {"frames"}, "classifier": {"timeline", "n_classes"}, "sampler": set(), "extractor": set()}
_KINDS = (*schema.PART_KINDS, "augment", "tracker")


@pytest.mark.parametrize("kind", _KINDS)
def test_yaml_files_and_registered_parts_are_the_same_set(kind):
    assert set(schema.options(kind)) == set(registry.parts(kind))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in _KINDS for name in schema.options(kind)])
def test_yaml_and_signature_agree(kind, name):
    signature = inspect.signature(registry.get(kind, name)).parameters
    parameters = schema.options(kind)[name].parameters
    assert set(signature) - _GIVEN.get(kind, set()) == set(parameters)
    for key, parameter in parameters.items():
        default = signature[key].default
        expected = inspect.Parameter.empty if parameter.default == schema.MISSING else parameter.default
        assert (list(default) if isinstance(default, tuple) else default) == expected, key


def test_unknown_parts_are_named():
    with pytest.raises(BadRequest, match=r"unknown sampler 'unifrm'.*did you mean 'uniform'"):
        registry.get("sampler", "unifrm")


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("enhance", "gamma")(lambda frames: frames)


def test_the_options_that_all_classifiers_share_are_one_dataclass_and_one_yaml():
    shared = {name: parameter.default for name, parameter in schema.shared_parameters("classifier").items()}
    assert {**asdict(InputOptions()), "centre": []} == shared
    for name in registry.parts("classifier"):
        assert list(inspect.signature(registry.get("classifier", name)).parameters)[-len(shared) :] == list(shared)


def test_a_part_behind_a_decorator_is_hashed_by_its_own_file():
    assert registry.source_hash("classifier", "lstm") != registry.source_hash("classifier", "gru")
