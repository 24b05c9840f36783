"""Facts of streams: kept as they are, and read of older runs, which joined texts."""

import json

from darkhar_cli.runs.stream_facts import StreamFacts, read_streams, stored

POSE = StreamFacts("pose", "host", "ab", "litert", "float32", ("pose-1", "pose-2"))
RAW = StreamFacts("conv_small", "keras", "cd")


def test_streams_come_back_as_they_were():
    assert read_streams(json.loads(json.dumps({"streams": stored([POSE, RAW])}))) == [POSE, RAW]


def test_names_with_a_bar_are_not_cut():
    odd = StreamFacts("a|b", "host", "1|2")
    assert read_streams({"streams": stored([odd])}) == [odd]


def test_an_older_run_is_read_as_far_as_it_goes():
    older = {
        "extractor": {"name": "pose|mobilenet", "backend": "host|keras", "weights_hash": "ab|cd"},
        "features": {"runtime": "litert|openvino", "precision": "float32", "bank": "x|y", "computed": 3},
    }
    assert read_streams(older) == [
        StreamFacts("pose", "host", "ab", "litert", "float32"),
        StreamFacts("mobilenet", "keras", "cd", "openvino", "float32"),
    ]
    assert read_streams({}) == [StreamFacts("", "", "")]
