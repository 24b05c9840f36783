"""Licences of pretrained weights, and text that Markdown shows as it is; no run is needed."""

from darkhar_cli.export.card import _text, _without_paths
from darkhar_cli.export.licences import licences, weights_licence
from darkhar_cli.runs.stream_facts import StreamFacts


def test_weights_of_no_publisher_are_said_to_be_so():
    assert weights_licence({"name": "conv_small", "weights": "none"}) == "`conv_small`: no pretrained weights"
    assert "no pretrained weights" in weights_licence({"name": "luma"})
    known = weights_licence({"name": "my_own", "weights": "/somewhere/mine.h5"})
    assert known.startswith("`my_own`, from the file mine.h5: the licence of its pretrained weights is not known")
    assert "MobileNet v1, width 0.25, Apache-2.0" in weights_licence(
        {"name": "mobilenet", "alpha": 0.25, "weights": "imagenet"}
    )


def test_each_extractor_is_named_once_with_the_hash_of_its_weights():
    one = {"name": "luma", "weights": "none"}
    facts = [StreamFacts("luma", "host", "abc")] * 2
    assert licences([one, one], facts) == ["`luma`: no pretrained weights (hash `abc`)"]


def test_names_are_shown_as_they_are():
    assert _text("a*b|<c>[d]`e`") == "a\\*b\\|\\<c>\\[d]'e'"
    assert _without_paths({"a": ["/x/y.h5", "word"], "b": 1}) == {"a": [".../y.h5", "word"], "b": 1}
