"""`darkhar search`: parts and parameters chosen by inner folds, and what that is worth on clips no choice has seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest


def run(words: list[str]) -> int:
    """Run the search that the words ask for; return the exit code."""
    from darkhar_cli.config import own_parts
    from darkhar_cli.launch.search.searching import Settings, search

    config_dir, words = own_parts.folder_taken_from(words)
    given: dict[str, Any] = {}
    for word in [word for word in words if word.partition("=")[0] in _READ]:
        key, _, value = word.partition("=")
        given[key] = _READ[key](key, value)
        words = [other for other in words if other != word]
    for word in words:
        if word.startswith("-") or "=" not in word:
            raise VERB.refusal(word)
    if "space" not in given:
        raise BadRequest("search needs space=FILE: a yaml file of what is searched; `darkhar search --help` shows one")
    return search(Settings(**given), words, config_dir)


def _file(key: str, value: str) -> Path:
    place = Path(value).expanduser().absolute()
    if not place.is_file():
        raise BadRequest(f"{key}={value}: no such file")
    return place


def _folder(key: str, value: str) -> Path:
    if not value:
        raise BadRequest(f"{key}=: give a folder, or leave it out")
    return Path(value).expanduser().absolute()


def _number(least: int) -> Callable[[str, str], int]:
    def read(key: str, value: str) -> int:
        if not value.isascii() or not value.isdigit() or int(value) < least:
            raise BadRequest(f"{key}={value}: allowed is a whole number of at least {least}")
        return int(value)

    return read


def _truth(key: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise BadRequest(f"{key}={value}: allowed is true or false")
    return value == "true"


_READ: dict[str, Callable[[str, str], Any]] = {
    "space": _file,
    "trials": _number(1),
    "inner_folds": _number(2),
    "prune": _truth,
    "folder": _folder,
}

VERB = Verb(
    name="search",
    summary="choose parts and parameters by inner folds, and score the choice on outer folds",
    place=13,
    takes="space=FILE, trials=20, inner_folds=3, prune=true, folder=DIR, and what train takes",
    keys=tuple(_READ),
    examples=(
        ("search space=space.yaml", "20 trials for each outer fold of the default experiment"),
        ("search space=space.yaml trials=50 experiment=pose_lstm", "of a ready-made one"),
        ("search space=space.yaml hydra/launcher=joblib", "outer folds side by side"),
    ),
    run=run,
    notes="""
space.yaml, for instance:

  enhance: [none, gamma, [denoise, gamma]]
  classifier: [lstm, mean_pool]
  classifier.units: {low: 8, high: 64, step: 8, when: {classifier: lstm}}
  train.learning_rate: {low: 0.0001, high: 0.01, log: true}

The same command goes on where it stopped; a larger trials= adds to what is there. Needs the extra optuna.
""",
    bare=False,
)
