"""`darkhar cache`: what computed features take up, by part; `darkhar cache prune` removes them."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from darkhar_cli.commands.contract import Verb
from darkhar_cli.errors import BadRequest, FailedWork, unknown

if TYPE_CHECKING:
    from darkhar_cli.features.stored_caches import Stored

_PARTS = ("extractor", "enhance", "runtime", "precision")
_KEYS = (*_PARTS, "older", "leftovers", "all", "cache_dir")


def run(words: Sequence[str]) -> None:
    """Show the banks that the words choose, or remove them.

    Raises:
        BadRequest: an unknown word or value, or nothing said of what to prune.
        FailedWork: a folder cannot be removed.
    """
    from rich.filesize import decimal

    from darkhar_cli import console
    from darkhar_cli.features import feature_cache
    from darkhar_cli.features.stored_caches import remove, stored
    from darkhar_cli.files import asides

    prune = "prune" in words
    asked = _read([word for word in words if word != "prune"])
    root = feature_cache.root(asked.get("cache_dir"))
    every = stored(root)
    for key in _PARTS:
        known = {_labels(one)[key] for one in every}
        if known and key in asked and asked[key] not in known:
            raise unknown(f"{key} in {root}", asked[key], known)
    chosen = [one for one in every if _fits(one, asked)]
    left = _left(root, every, elsewhere="cache_dir" in asked)
    if not prune:
        if chosen:
            _show(chosen, root)
        else:
            console.note(f"no {'such ' if set(asked) - {'cache_dir'} else ''}features are kept in {root}")
        if left:
            size = decimal(sum(map(_size, left)))
            console.note(f"left by processes that have ended: {len(left)}, {size}; prune leftovers=true removes them")
        return
    if set(asked) <= {"cache_dir"}:
        raise BadRequest(f"say what to prune: {', '.join(f'{key}=...' for key in (*_PARTS, 'older'))}, or all=true")
    if set(asked) <= {"cache_dir", "leftovers"}:
        chosen = []
    freed = sum(one.size for one in chosen)
    for one in chosen:
        try:
            remove(one)
        except OSError as problem:
            raise FailedWork(f"cannot remove {one.folder}: {problem.strerror or problem}") from problem
    removed = len(chosen)
    if {"leftovers", "all"} & set(asked):
        removed, freed = removed + len(left), freed + sum(map(_size, left))
        for path in left:
            asides.remove(path)
    console.out.print(f"{removed} removed, {decimal(freed)} freed in {root}", soft_wrap=True)


def _left(root: Path, banks: Sequence[Stored], elsewhere: bool) -> list[Path]:
    """Return what dead processes left in the banks and, unless another place is looked at, among prepared data."""
    from darkhar_cli.files import asides
    from darkhar_cli.paths import home

    places = [one.folder for one in banks]
    if not elsewhere and home().is_dir():
        places += [place for place in sorted(home().iterdir()) if place.is_dir() and place != root]
    return [path for place in places for path in asides.leftovers(place)]


def _size(path: Path) -> int:
    total = 0
    for one in (path, *path.rglob("*")):
        with contextlib.suppress(OSError):
            total += one.stat().st_size if one.is_file() else 0
    return total


def _read(words: Sequence[str]) -> dict[str, str]:
    asked = {}
    for word in words:
        key, _, value = word.partition("=")
        if not VERB.knows(word):
            raise VERB.refusal(word)
        asked[key] = value
    if "older" in asked and not re.fullmatch(r"[0-9]+(\.[0-9]+)?", asked["older"]):
        raise BadRequest(f"older={asked['older']!r}: allowed is a number of days")
    for key in ("all", "leftovers"):
        if asked.get(key, "true") != "true":
            raise BadRequest(f"{key}={asked[key]!r}: allowed is true")
    empty = next((key for key, value in asked.items() if not value), None)
    if empty:
        raise BadRequest(f"{empty}= is empty")
    if "cache_dir" in asked:
        asked["cache_dir"] = str(Path(asked["cache_dir"]).expanduser().absolute())
        if not Path(asked["cache_dir"]).is_dir():
            raise BadRequest(f"cache_dir={asked['cache_dir']}: no such folder")
    return asked


def _labels(one: Stored) -> dict[str, str]:
    about = one.about
    chain = "+".join(name for name, *_ in about.get("enhance", ()))
    return {
        "extractor": str(about.get("extractor")),
        "enhance": chain,
        "runtime": str(about.get("runtime")),
        "precision": str(about.get("precision")),
    }


def _fits(one: Stored, asked: dict[str, str]) -> bool:
    labels = _labels(one)
    old = time.time() - one.used >= float(asked.get("older", 0)) * 86400
    return old and all(labels[key] == asked[key] for key in _PARTS if key in asked)


def _show(banks: Sequence[Stored], root: Path) -> None:
    """Print a row for each bank, the largest first, and their sum."""
    from rich.filesize import decimal
    from rich.table import Table

    from darkhar_cli import console

    grid = Table(title=str(root), title_justify="left", show_footer=True, box=None, padding=(0, 2, 0, 0))
    grid.add_column("extractor", "all", no_wrap=True)
    grid.add_column("enhance", overflow="fold")
    for key in ("size", "runtime", "precision"):
        grid.add_column(key, no_wrap=True)
    grid.add_column("entries", str(sum(one.entries for one in banks)), justify="right")
    grid.add_column("on disk", decimal(sum(one.size for one in banks)), justify="right", no_wrap=True)
    grid.add_column("last used", no_wrap=True)
    for one in sorted(banks, key=lambda one: -one.size):
        labels, size = _labels(one), one.about.get("size")
        shown = "x".join(map(str, size)) if isinstance(size, list) else str(size)
        used = time.strftime("%Y-%m-%d", time.localtime(one.used))
        cells = (labels["extractor"], labels["enhance"], shown, labels["runtime"], labels["precision"])
        grid.add_row(*cells, str(one.entries), decimal(one.size), used)
    console.out.print(grid)


VERB = Verb(
    name="cache",
    summary="show what computed features take up, and prune them",
    place=41,
    takes=f"prune and {', '.join(_KEYS)}",
    keys=_KEYS,
    examples=(
        ("cache", "size by part, and when each was last used"),
        ("cache extractor=mobilenet", "some only: extractor, enhance, runtime, precision, older"),
        ("cache prune older=30", "remove what was not used for 30 days"),
        ("cache prune extractor=mobilenet enhance=gamma+histeq", "remove what these parts computed"),
        ("cache prune leftovers=true", "half-made data and files of processes that have ended"),
        ("cache prune all=true", "remove all of it"),
        ("cache cache_dir=DIR ...", "another place than $DARKHAR_HOME/features"),
    ),
    run=run,
    notes="A run computes again what it misses.",
    words=("prune",),
)
