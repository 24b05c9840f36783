"""A schema fails closed: a key without a type is refused by file and line, a user's own yaml too."""

import pytest

from darkhar_cli.config import request, schema
from darkhar_cli.config.option_file import read_option, refuse_untyped
from darkhar_cli.errors import BadRequest

HEAD = "# A part.\nname: mine\n"


@pytest.fixture
def own(tmp_path):
    (tmp_path / "sampler").mkdir()
    (tmp_path / "enhance").mkdir()
    schema.set_config_dir(tmp_path)
    yield tmp_path
    schema.set_config_dir(None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frames: 8", r"mine\.yaml, line 3: 'frames' has no type; write .*`frames: \.\.\.  # int >= 1: what it means`"),
        ("frames: 8  #", "line 3: 'frames' has no type"),
        (
            "frames: 8  # how many frames there are",
            "line 3: 'frames' has 'how many frames there are' where type and meaning",
        ),
        ("frames: 8  # int >= 1", "line 3: 'frames' has 'int >= 1' where type and meaning should stand"),
        ("frames: 8  # integer >= 1: frames", "line 3: 'frames' has 'integer >= 1' where type and meaning"),
        ("frames: 8  # int of 1: frames", "line 3: 'frames' has 'int of 1' where type and meaning"),
        ("frames: 8  # [int >= 1, a b]: frames", r"line 3: 'frames' has '\[int >= 1, a b\]' where type and meaning"),
        ("frames: 8#int", "line 3: 'frames' has no type"),
        ('"a-b": 8', "line 3: 'a-b' has no type"),
    ],
)
def test_a_key_without_a_type_is_refused_by_line(own, line, said):
    (own / "sampler" / "mine.yaml").write_text(f"{HEAD}{line}\n")
    with pytest.raises(BadRequest, match=said):
        schema.options("sampler")["mine"]
    with pytest.raises(BadRequest, match=said):
        request.read_request("train", ["sampler=mine"], False, str(own))


def test_types_are_read_behind_values_of_all_sorts(own):
    path = own / "sampler" / "mine.yaml"
    text = "a: \"x # y\"  # str: one\nb:  # mapping: two\n  c: 1\nd: '#'  # str | null: three: of it\n"
    path.write_text(HEAD + text)
    option = read_option(path, "sampler")
    refuse_untyped(path, option)
    assert option.summary == "A part."
    assert option.defines
    assert {key: (p.default, p.types, p.meaning) for key, p in option.parameters.items()} == {
        "a": ("x # y", ("str",), "one"),
        "b": ({"c": 1}, ("mapping",), "two"),
        "d": ("#", ("str", "null"), "three: of it"),
    }


def test_a_preset_has_the_types_of_its_part(own):
    (own / "sampler" / "many.yaml").write_text("name: uniform\nframes: 64  # plenty\nshort: loop\n")
    (own / "enhance" / "bright.yaml").write_text("# @package enhance.gamma\ngamma: 0.3\n")
    many, bright = schema.options("sampler")["many"], schema.options("enhance")["bright"]
    assert (many.part, many.defines, bright.part, bright.defines) == ("uniform", False, "gamma", False)
    assert many.parameters["frames"].default == 64
    assert many.parameters["frames"].types == schema.options("sampler")["uniform"].parameters["frames"].types
    assert bright.parameters["gamma"].types == schema.options("enhance")["gamma"].parameters["gamma"].types


def test_a_chain_option_that_is_its_own_part_has_types(own):
    (own / "enhance" / "mine.yaml").write_text("# @package enhance.mine\nlevel: 0.3\n")
    with pytest.raises(BadRequest, match=r"mine\.yaml, line 2: 'level' has no type"):
        schema.options("enhance")["mine"]
