"""Which weights are meant: by an extractor's parameters, by words behind `darkhar fetch`, by a file's content."""

from collections.abc import Mapping
from typing import Any

from darkhar_cli.errors import BadRequest, nearest, unknown
from darkhar_cli.weights.catalogue import CATALOGUE, Weights

_DEFAULTS = {"variant": "lightning", "alpha": 1.0}  # of the extractors
_AUTOMATIC = ("auto", "imagenet")  # what stands in `extractor.weights` for a file of the catalogue


def of_extractor(parameters: Mapping[str, Any]) -> Weights | None:
    """Return what an extractor needs that is searched and downloaded, or None: no weights, or a file of the user's.

    Args:
        parameters: the extractor's, with its `name`.
    """
    if parameters.get("weights") not in _AUTOMATIC:
        return None
    return next((one for one in CATALOGUE if parameters["name"] in one.extractors and _fits(one, parameters)), None)


def _fits(weights: Weights, parameters: Mapping[str, Any]) -> bool:
    return all(_same(parameters.get(key, _DEFAULTS[key]), value) for key, value in weights.settings)


def _same(given: Any, value: Any) -> bool:
    try:
        return float(given) == value if isinstance(value, float) else given == value
    except (TypeError, ValueError):
        return False


def named(word: str, settings: Mapping[str, str]) -> list[Weights]:
    """Return what is typed behind `darkhar fetch`: a word of the catalogue, an extractor that needs weights, or `all`.

    Raises:
        BadRequest: there is no such, or no such parameter or value of it.
    """
    if word == "all" and not settings:
        return list(CATALOGUE)
    chosen = [one for one in CATALOGUE if word == one.word or word in one.extractors]
    if not chosen:
        raise unknown("weights", word, {"all", *words()})
    itself = word == "thunder"  # the word is a variant
    keys = set() if itself else {key for one in chosen for key, _ in one.settings}
    for key, value in settings.items():
        if key not in keys:
            takes = f"takes {', '.join(sorted(keys))}" if keys else "has no variants"
            raise BadRequest(f"{word} {takes}, not {key}={value}{nearest(key, keys)}")
        values = [str(dict(one.settings)[key]) for one in chosen]
        if not any(_same(value, dict(one.settings)[key]) for one in chosen):
            raise unknown(f"{key} of {word}", value, values)
    return chosen if itself else [next(one for one in chosen if _fits(one, settings))]


def words() -> list[str]:
    """Return what `darkhar fetch` takes besides `all`: words of the catalogue and extractors that need weights."""
    return sorted({one.word for one in CATALOGUE} | {name for one in CATALOGUE for name in one.extractors})


def which_fits(name: str, numbers: int) -> str:
    """Return in words which extractor or parameter a file of so many numbers is for, or an empty string.

    Args:
        name: of the extractor that it does not fit.
        numbers: how many numbers the file holds.
    """
    for one in CATALOGUE:
        if one.parameters and one.parameters == numbers:
            own = [f"extractor.{key}={value}" for key, value in one.settings]
            return ", ".join([*([] if name in one.extractors else [f"extractor={one.extractors[0]}"]), *own])
    return ""
