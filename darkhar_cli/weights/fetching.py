"""Weights that arrive: what is here is taken, what is not is downloaded once, whoever needs it."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from darkhar_cli import console
from darkhar_cli.errors import FailedWork
from darkhar_cli.files import asides, claims, disk
from darkhar_cli.weights import lookup, store
from darkhar_cli.weights.catalogue import Source, Weights
from darkhar_cli.weights.downloads import Unreachable, download

_NO = ("", "0", "false", "no", "off")


def offline() -> str:
    """Return the setting that forbids downloads, as it stands in the environment, or an empty string."""
    value = os.environ.get("DARKHAR_OFFLINE", "")
    return "" if value.strip().lower() in _NO else f"DARKHAR_OFFLINE={value}"


def ensure(weights: Weights) -> Path:
    """Return a file of these weights: one that is here, else the downloaded one.

    Raises:
        FailedWork: it is not here and cannot be downloaded; names file, source, folder and command.
    """
    return store.present(weights) or fetch(weights)


def ensure_all(configurations: Iterable[Mapping[str, Any]]) -> None:
    """Make sure of all weights that extractors need, before any of them is built; each is reported once.

    Args:
        configurations: parameters of extractors, with their names.

    Raises:
        FailedWork: some are not here and cannot be downloaded.
    """
    needed = [lookup.of_extractor(parameters) for parameters in configurations]
    problems = []
    for weights in dict.fromkeys(one for one in needed if one):
        try:
            ensure(weights)
        except FailedWork as problem:
            problems.append(str(problem))
    if problems:
        raise FailedWork("\n".join(problems))


def fetch(weights: Weights, kind: str | None = None) -> Path:
    """Download weights to darkhar's folder of models; return the file.

    Args:
        weights: which.
        kind: the one kind of source to take; else each in turn.

    Raises:
        FailedWork: it cannot be downloaded or kept, or is not what it should be.
    """
    sources = [source for source in weights.sources if kind in (None, source.kind)]
    if offline():
        raise _unavailable(weights, sources, f"{offline()} forbids downloads")
    folder = store.own_folder()
    with disk.writing(folder, "choose another place with DARKHAR_HOME=DIR"):
        folder.mkdir(parents=True, exist_ok=True)
    with claims.held(folder / f".{sources[0].file}.claim", f"the download of {weights.title}"):
        found = _came_meanwhile(weights, sources, kind)
        if found:
            return found
        problems = []
        for source in sources:
            asides.remove_leftovers(folder, source.file)
            try:
                return _from(source, weights, folder)
            except Unreachable as problem:
                problems.append(f"{source.kind}: {problem}" if len(sources) > 1 else str(problem))
                if source is not sources[-1]:
                    console.note(f"not to be had from {problems[-1]}")
    raise _unavailable(weights, sources, "; ".join(problems))


def _came_meanwhile(weights: Weights, sources: list[Source], kind: str | None) -> Path | None:
    """Return what another process has downloaded while this one waited for it."""
    if kind is None:
        return store.present(weights)
    place = store.own_folder() / sources[0].file
    return place if place.is_file() else None


def _from(source: Source, weights: Weights, folder: Path) -> Path:
    target = folder / source.file
    aside = asides.beside(target)
    size = f", {source.size / 1e6:.1f} MB" if source.size else ""
    console.note(f"downloading {weights.title} ({weights.licence}{size}) from {source.kind}: {source.address}")
    try:
        with disk.writing(aside, "choose another place with DARKHAR_HOME=DIR"):
            aside.mkdir()
        path = download(source, aside)
        with disk.writing(target, "choose another place with DARKHAR_HOME=DIR"):
            store.refuse_unexpected(source, path, target)
            store.keep(source, weights.licence, path, target)
    finally:
        asides.remove(aside)
    console.note(f"kept as {target}")
    return target


def _unavailable(weights: Weights, sources: list[Source], reason: str) -> FailedWork:
    """Return the error for weights that cannot be downloaded: file, source, folder and command."""
    first = sources[0]
    keras = first.kind == "keras"
    random = ", or use extractor.weights=none (random weights)" if keras else ""
    return FailedWork(
        f"cannot download {first.file} ({reason}); where there is a network give `{weights.command}`, or get it from "
        f"{first.page} and put it under this name into {store.own_folder()} (or into the folder that DARKHAR_MODELS "
        f"names), or give extractor.weights=<path to {first.file}>{random}"
    )
