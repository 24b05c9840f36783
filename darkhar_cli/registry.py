"""Kind + name -> component: every module of a kind's package registers what it defines; no central table."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from darkhar_cli import plugins
from darkhar_cli.errors import BadRequest, unknown

PACKAGES = {
    "sampler": "samplers",
    "enhance": "enhance",
    "extractor": "extractors",
    "classifier": "classifiers",
    "augment": "augment",
    "tracker": "trackers",
}
_parts: dict[str, dict[str, Callable[..., Any]]] = {kind: {} for kind in PACKAGES}
_outside: dict[tuple[str, str, str], Callable[..., Any]] = {}  # module, kind, name: a user's own parts


def register(kind: str, name: str | None = None, **traits: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function or class as a part; its name is the word users type and its yaml's name.

    Args:
        kind: sampler, enhance, extractor, classifier, augment or tracker; outside of the package also dataset.
        name: the word; by default the function's own name.
        traits: kept as attributes of the part; a kind's contract says which it reads.

    Raises:
        ValueError: the name is taken.
    """

    def keep(part: Callable[..., Any]) -> Callable[..., Any]:
        word = name or part.__name__
        if plugins.is_outside(part.__module__):
            for trait, value in traits.items():
                setattr(part, _attribute(kind, trait), value)
            _outside[part.__module__, kind, word] = part
            return part
        if _parts[kind].get(word, part) is not part:
            raise ValueError(f"{kind} {word!r} is registered twice")
        for trait, value in traits.items():
            setattr(part, trait, value)
        _parts[kind][word] = part
        return part

    return keep


def _attribute(kind: str, trait: str) -> str:
    """Return the attribute that a trait is kept as: a data set has a method `sources`."""
    return "source_modules" if (kind, trait) == ("dataset", "sources") else trait


def imported(kind: str) -> list[str]:
    """Return the names of a kind's parts that are registered so far; nothing is imported for it."""
    return list(_parts.get(kind, ()))


def parts(kind: str) -> dict[str, Callable[..., Any]]:
    """Return every part of a kind by name, importing the kind's modules on first use."""
    own = {part.name: _own(part) for part in plugins.declared() if part.kind == kind}
    if kind not in PACKAGES:
        return own
    package = importlib.import_module(f"darkhar_cli.{PACKAGES[kind]}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return {**_parts[kind], **own} if own else _parts[kind]


def get(kind: str, name: str) -> Callable[..., Any]:
    """Return one part.

    Raises:
        BadRequest: no such part; the message lists what exists.
    """
    part = plugins.find(kind, name)
    if part is not None:
        return _own(part)
    known = parts(kind)
    if name not in known:
        raise unknown(kind, name, known)
    return known[name]


def _own(part: plugins.Declared) -> Callable[..., Any]:
    """Return a user's own part, importing its file on first use."""
    plugins.load(part.file)
    found = _outside.get((plugins.module_name(part.file), part.kind, part.name)) or _parts.get(part.kind, {}).get(
        part.name
    )
    if found is None:
        raise BadRequest(f"{part.file}, line {part.line}: {part.kind} {part.name!r} is not registered when imported")
    return found


def source_hash(kind: str, name: str) -> str:
    """Return a short hash of the files that make a part (its own, and its trait `sources`): edited, it is another."""
    part = get(kind, name)
    return file_hash(part, *getattr(part, _attribute(kind, "sources"), ()))


def file_hash(*defined: Any) -> str:
    """Return a short hash of the files that define modules, functions or classes."""
    files = [inspect.getsourcefile(inspect.unwrap(one)) for one in defined]
    return sha256(b"".join(Path(file).read_bytes() for file in files if file)).hexdigest()[:16]
