"""The catalogue: complete, pinned as Keras has it, found by parameters and by words."""

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from darkhar_cli.config import schema
from darkhar_cli.errors import BadRequest
from darkhar_cli.weights.catalogue import CATALOGUE
from darkhar_cli.weights.lookup import named, of_extractor, which_fits, words

KERAS = Path(find_spec("keras").origin).parent / "src" / "applications"


def hashes_of(module: str) -> dict[str, tuple[str, str]]:
    """Return what Keras compares its downloads with: network -> hash with its top, without."""
    tree = ast.parse((KERAS / f"{module}.py").read_text())
    assigned = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    return ast.literal_eval(assigned["WEIGHTS_HASHES"])


@pytest.mark.parametrize(
    ("word", "module", "name"),
    [
        ("convnext_small", "convnext", "convnext_small"),
        ("convnext_tiny", "convnext", "convnext_tiny"),
        ("mobilenet_v3_small", "mobilenet_v3", "small_224_1.0_float"),
        ("efficientnet_v2_b0", "efficientnet_v2", "b0"),
    ],
)
def test_pins_are_kerass_own(word, module, name):
    (weights,) = named(word, {})
    (source,) = weights.sources
    assert (source.sha256 or source.md5) == hashes_of(module)[name][1]


def test_every_file_has_a_source_a_licence_and_a_name_of_its_own():
    files = [source.file for weights in CATALOGUE for source in weights.sources]
    assert len(set(files)) == len(files)
    for weights in CATALOGUE:
        assert weights.licence
        assert weights.title
        for source in weights.sources:
            assert source.page.startswith("https://")
            assert re.fullmatch(r"([0-9a-f]{64})?", source.sha256)
            assert re.fullmatch(r"([0-9a-f]{32})?", source.md5)


def test_every_extractor_with_published_weights_stands_in_it():
    for name, option in schema.options("extractor").items():
        default = option.parameters["weights"].default if "weights" in option.parameters else None
        parameters = {"name": name} | {key: one.default for key, one in option.parameters.items()}
        assert (of_extractor(parameters) is not None) == (default in ("auto", "imagenet")), name
        if "variant" in option.parameters and default == "auto":
            for variant in ("lightning", "thunder"):
                assert of_extractor(parameters | {"variant": variant}).title == f"MoveNet {variant.title()}"


@pytest.mark.parametrize(
    ("parameters", "file"),
    [
        ({"name": "pose", "weights": "auto"}, "movenet_lightning_int8.tflite"),  # as older runs have it
        ({"name": "flow", "weights": "auto", "variant": "thunder"}, "movenet_thunder_float16.tflite"),
        ({"name": "mobilenet", "weights": "imagenet", "alpha": 0.25}, "mobilenet_2_5_224_tf_no_top.h5"),
        ({"name": "mobilenet", "weights": "imagenet", "alpha": 1}, "mobilenet_1_0_224_tf_no_top.h5"),
        ({"name": "mobilenet", "weights": "none", "alpha": 1}, None),
        ({"name": "pose", "weights": "/a/file.tflite"}, None),
        ({"name": "luma"}, None),
        ({"name": "a_users_own", "weights": "imagenet"}, None),
    ],
)
def test_found_by_an_extractors_parameters(parameters, file):
    weights = of_extractor(parameters)
    assert (weights and weights.sources[0].file) == file


@pytest.mark.parametrize(
    ("word", "settings", "titles"),
    [
        ("movenet", {}, ["MoveNet Lightning"]),
        ("pose_flow", {}, ["MoveNet Lightning"]),
        ("pose", {"variant": "thunder"}, ["MoveNet Thunder"]),
        ("thunder", {}, ["MoveNet Thunder"]),
        ("mobilenet", {}, ["MobileNet v1"]),
        ("mobilenet", {"alpha": "0.50"}, ["MobileNet v1, width 0.5"]),
        ("all", {}, [weights.title for weights in CATALOGUE]),
    ],
)
def test_found_by_words(word, settings, titles):
    assert [one.title for one in named(word, settings)] == titles


@pytest.mark.parametrize(
    ("word", "settings", "said"),
    [
        ("movnet", {}, "unknown weights 'movnet'; choose from all, .*; did you mean 'movenet'?"),
        ("mobilenet", {"alpha": "0.3"}, "unknown alpha of mobilenet '0.3'; choose from 0.25, 0.5, 0.75, 1.0"),
        ("thunder", {"variant": "lightning"}, "thunder has no variants, not variant=lightning"),
        ("movenet", {"alpha": "1"}, "movenet takes variant, not alpha=1"),
    ],
)
def test_wrong_words_are_answered_with_what_there_is(word, settings, said):
    with pytest.raises(BadRequest, match=said):
        named(word, settings)


def test_the_command_fetches_what_it_stands_beside():
    for weights in CATALOGUE:
        program, verb, word, *settings = weights.command.split()
        assert (program, verb) == ("darkhar", "fetch")
        assert word in words()
        assert named(word, dict(one.split("=") for one in settings)) == [weights]


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("mobilenet", 218_544, "extractor.alpha=0.25"),
        ("convnext_small", 218_544, "extractor=mobilenet, extractor.alpha=0.25"),
        ("convnext_small", 27_820_128, "extractor=convnext_tiny"),
        ("mobilenet", 0, ""),
        ("mobilenet", 7, ""),
    ],
)
def test_a_file_tells_by_its_size_what_it_fits(name, count, said):
    assert which_fits(name, count) == said
