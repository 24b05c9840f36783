"""The schema as JSON Schema: valid itself, and of one mind with the comments it is made of."""

import json

import pytest

from darkhar_cli.config import json_schema, request, schema
from darkhar_cli.config.json_schema import parameter_schema, type_schema

WHOLE = json_schema.configuration_schema()
PARAMETERS = [
    (f"{option.group}.{option.name}", parameter)
    for group in schema.GROUPS
    for option in schema.options(group).values()
    for parameter in option.parameters.values()
]


def validator(made):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def test_every_group_option_and_parameter_is_in_it():
    assert WHOLE["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(WHOLE["properties"]) == {*schema.GROUPS, *schema.settings("train")}
    assert set(WHOLE["$defs"]) == {f"{group}.{name}" for group in schema.GROUPS for name in schema.options(group)}
    for place, parameter in PARAMETERS:
        made = WHOLE["$defs"][place]["properties"][parameter.name]
        assert made["description"] == parameter.meaning
        assert made.get("default", schema.MISSING) == parameter.default
    uniform = WHOLE["$defs"]["sampler.uniform"]
    assert uniform["title"] == "sampler=uniform"
    assert uniform["description"] == schema.options("sampler")["uniform"].summary
    assert uniform["properties"]["name"] == {"const": "uniform"}
    assert uniform["additionalProperties"] is False


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("int >= 0 <= 4294967295", {"type": "integer", "minimum": 0, "maximum": 4294967295}),
        ("float > 0 < 1", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        ("float >= 0.5", {"type": "number", "minimum": 0.5}),
        ("native", {"const": "native"}),
        ("0.25", {"const": 0.25}),
        (
            "[int >= 3, bool]",
            {
                "type": "array",
                "prefixItems": [{"type": "integer", "minimum": 3}, {"type": "boolean"}],
                "minItems": 2,
                "maxItems": 2,
            },
        ),
    ],
)
def test_types_in_json(kind, made):
    assert type_schema(kind) == made


def test_it_is_valid_and_the_default_configuration_fits_it():
    check = validator(WHOLE)
    for words in ([], ["experiment=dual_stream"], ["enhance=[denoise,gamma]", "cv=repeated", "augment=[crop]"]):
        config = request.read_request("train", words, False, None).jobs[0].config
        assert [error.message for error in check.iter_errors(config)] == [], words
        assert not check.is_valid({**config, "seed": -1})
        assert not check.is_valid({**config, "sampler": {**config["sampler"], "frame": 3}})
        assert not check.is_valid({key: value for key, value in config.items() if key != "cv"})


@pytest.mark.parametrize(("place", "parameter"), PARAMETERS, ids=lambda one: getattr(one, "name", one))
def test_every_default_fits(place, parameter):
    if parameter.default != schema.MISSING:
        assert validator(parameter_schema(parameter)).is_valid(parameter.default), place


@pytest.mark.parametrize(
    ("types", "good", "bad"),
    [
        (("int >= 1",), [1, 7], [0, True, "1", None]),
        (("float > 0 < 1",), [0.5], [0, 1, 1.5, "0.5", False]),
        (("null", "path"), [None, "/a"], [3, "", "none"]),
        (("0.25", "1.0"), [0.25, 1.0, 1], [0.3, "0.25", True]),
        (("[int >= 3, int >= 3]", "native"), [[3, 4], "native"], [[3], [3, 2], ["a", "b"], "nativ", [3, 3, 3]]),
        (("list of int",), [[], [3, 2]], [3, [0], ["a"]]),
        (("all", "list of str"), ["all", [], ["a"]], ["al", [""], ["a", 3], [None], None]),
    ],
)
def test_values_are_judged_as_the_program_judges_them(types, good, bad):
    check = validator(parameter_schema(schema.Parameter("key", None, types, "a meaning")))
    assert all(map(check.is_valid, good))
    assert not any(map(check.is_valid, bad))


def test_list_prints_it(darkhar):
    code, out, _ = darkhar("list", "--json")
    assert code == 0
    assert json.loads(out) == WHOLE
    code, out, _ = darkhar("list", "--json", "enhance")
    assert list(json.loads(out)["properties"]) == ["enhance"]
    code, _, err = darkhar("list", "--jsn")
    assert code == 2
    assert "did you mean '--json'" in err
