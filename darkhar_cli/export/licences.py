"""Licences of the pretrained weights that a run's extractors start from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkhar_cli.runs.stream_facts import StreamFacts
from darkhar_cli.weights.catalogue import CATALOGUE

_RANDOM = ("none", "None", "")


def weights_licence(extractor: Mapping[str, Any]) -> str:
    """Return in words what weights an extractor's configuration starts from, and under which licence."""
    name, weights = extractor["name"], str(extractor.get("weights", "none"))
    if weights in _RANDOM:
        return f"`{name}`: no pretrained weights"
    known = [one for one in CATALOGUE if name in one.extractors and _chosen(one.settings, extractor)]
    given = "" if weights in ("auto", "imagenet") else f", from the file {Path(weights).name}"
    if not known:
        return f"`{name}`{given}: the licence of its pretrained weights is not known; ask who published them"
    listed = "; ".join(dict.fromkeys(f"{one.title}, {one.licence}" for one in known))
    unsure = " (if the file is the published one)" if given else ""
    return f"`{name}`{given}: {listed}{unsure}"


def licences(extractors: Sequence[Mapping[str, Any]], streams: Sequence[StreamFacts]) -> list[str]:
    """Return a line for each extractor of a run, with the hash of its weights where the run kept it."""
    hashes = {stream.extractor: stream.weights_hash for stream in streams if stream.weights_hash}
    lines = [weights_licence(one) + _hash(hashes.get(one["name"], "")) for one in extractors]
    return list(dict.fromkeys(lines))


def _hash(text: str) -> str:
    return f" (hash `{text}`)" if text not in _RANDOM else ""


def _chosen(settings: Sequence[tuple[str, Any]], extractor: Mapping[str, Any]) -> bool:
    return all(extractor.get(key, value) == value for key, value in settings)
