"""What run.json keeps of each stream: its extractor, and what computed its features."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class StreamFacts:
    """One stream's extractor and features; texts are empty where frames are trained on.

    Attributes:
        extractor: its name.
        backend: `keras` or `host`.
        weights_hash: of its weights, random ones included.
        runtime: what computed its features.
        precision: that they were computed in.
        caches: the folders of the feature cache that hold them, plain and darkened.
    """

    extractor: str
    backend: str
    weights_hash: str
    runtime: str = ""
    precision: str = ""
    caches: tuple[str, ...] = ()


def stored(streams: Sequence[StreamFacts]) -> list[dict[str, Any]]:
    """Return streams as run.json keeps them."""
    return [asdict(stream) | {"caches": list(stream.caches)} for stream in streams]


def read_streams(facts: Mapping[str, Any]) -> list[StreamFacts]:
    """Return the streams of run.json; of an older one, which joined the streams' texts by `|`, as far as they go."""
    if "streams" in facts:
        return [StreamFacts(**one | {"caches": tuple(one["caches"])}) for one in facts["streams"]]
    extractor, features = facts.get("extractor", {}), facts.get("features", {})
    columns = [
        str(texts.get(key, "")).split("|")
        for texts, key in (
            (extractor, "name"),
            (extractor, "backend"),
            (extractor, "weights_hash"),
            (features, "runtime"),
            (features, "precision"),
        )
    ]
    count = max(map(len, columns))  # equal texts were written once
    return [
        StreamFacts(*row)
        for row in zip(*(column + column[-1:] * (count - len(column)) for column in columns), strict=True)
    ]
