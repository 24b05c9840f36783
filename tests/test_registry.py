"""The word a user types = the yaml's name = the registered name; yaml and signature agree."""

import inspect

import pytest

from darkhar_cli import registry
from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest

_GIVEN = {"enhance": {"frames"}, "classifier": {"timeline", "n_classes"}, "sampler": set(), "extractor": set()}
_KINDS = (*schema.PART_KINDS, "augment")


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
