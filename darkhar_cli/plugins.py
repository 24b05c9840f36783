"""A user's own parts, from Python files and installed distributions, beside those of the package.

What a file registers is read from its text, so that a configuration is checked without running it:

    @register("enhance", "lift")
    def lift(frames, by: float = 10.0): ...

A file is imported when one of its parts is used, in whatever process: the files are in the environment.
"""

import ast
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

from darkhar_cli.errors import BadRequest
from darkhar_cli.labels import PART_KINDS

KINDS = ("dataset", *PART_KINDS, "augment", "tracker")
GROUP = "darkhar.parts"
_VARIABLE = "DARKHAR_PLUGINS"  # launchers and worker processes hand the environment on
_GIVEN = {"enhance": 1, "classifier": 2}  # arguments that the program gives, before the parameters
_REQUIRED = object()


@dataclass(frozen=True)
class Declared:
    """One registered part, as its file's text says.

    Attributes:
        kind, name: what it is registered as.
        file: where; `line` of its definition.
        summary: the first line of its docstring.
        parameters: (name, type in the words of a yaml's comment, default).
        origin: the file, or the distribution that brings it.
    """

    kind: str
    name: str
    file: Path
    line: int
    summary: str
    parameters: tuple[tuple[str, str, Any], ...]
    origin: str


def use(files: Iterable[str | Path]) -> None:
    """Let these files give parts, beside the installed distributions; the files given before no longer do.

    Raises:
        BadRequest: no such file.
    """
    places = [str(Path(file).expanduser().absolute()) for file in files]
    for place in places:
        if not Path(place).is_file():
            raise BadRequest(f"plugins={place}: no such file; give a Python file that registers parts")
    if places:
        os.environ[_VARIABLE] = json.dumps(places)
    else:
        os.environ.pop(_VARIABLE, None)


def files() -> dict[Path, str]:
    """Return the files in use: path -> origin."""
    return {**{file: about for file, (about, _) in installed().items()}, **{Path(one): one for one in given()}}


def given() -> list[str]:
    """Return the paths of the files in use that `use` was given."""
    paths: list[str] = json.loads(os.environ.get(_VARIABLE) or "[]")
    return paths


@cache
def installed() -> dict[Path, tuple[str, str]]:
    """Return the modules of the entry points `darkhar.parts`, none imported: file -> distribution, module."""
    found = {}
    for entry in metadata.entry_points(group=GROUP):
        about = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.name
        place = Path(*entry.module.split("."))
        for folder in map(Path, sys.path):
            file = next(
                (f for f in (folder / place.with_suffix(".py"), folder / place / "__init__.py") if f.is_file()), None
            )
            if file:
                break
        else:
            spec = importlib.util.find_spec(entry.module)  # an editable install
            file = Path(spec.origin) if spec and spec.origin else None
        if file is None:
            raise BadRequest(f"{about} names the parts {entry.value!r}, and there is no such module; install it again")
        found[file.absolute()] = about, entry.module
    return found


def declared() -> list[Declared]:
    """Return every part of the files in use.

    Raises:
        BadRequest: a file that is no Python, or a part whose parameters are not plain; names file and line.
    """
    found: dict[tuple[str, str], Declared] = {}
    for file, origin in files().items():
        for part in _read(file, file.read_bytes(), origin):
            other = found.setdefault((part.kind, part.name), part)
            if other is not part:
                raise _wrong(file, part.line, f"{part.kind} {part.name!r} is registered in {other.file} already")
    return list(found.values())


def find(kind: str, name: str) -> Declared | None:
    """Return a part of the files in use, if one is of that name."""
    return next((part for part in declared() if (part.kind, part.name) == (kind, name)), None)


def _wrong(file: Path, line: int | None, what: str) -> BadRequest:
    return BadRequest(f"{file}, line {line or 1}: {what}")


@cache
def _read(file: Path, text: bytes, origin: str) -> tuple[Declared, ...]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as problem:
        raise _wrong(file, getattr(problem, "lineno", 1), f"no Python: {getattr(problem, 'msg', problem)}") from problem
    found = []
    for node in tree.body:
        for call in getattr(node, "decorator_list", ()):
            called = getattr(call, "func", call)
            if getattr(called, "id", getattr(called, "attr", "")) == "register":
                found.append(_part(file, node, call, origin))
    return tuple(found)


def _part(file: Path, node: Any, call: Any, origin: str) -> Declared:
    try:
        words = [ast.literal_eval(one) for one in call.args]
        words += [ast.literal_eval(one.value) for one in call.keywords if one.arg == "name"]
        kind, name = (*words, node.name)[:2]
    except (ValueError, AttributeError) as problem:
        raise _wrong(
            file, node.lineno, 'register takes a kind and a name as plain texts: @register("enhance", "mine")'
        ) from problem
    if kind not in KINDS:
        raise _wrong(file, node.lineno, f"unknown kind {kind!r}; choose from {', '.join(KINDS)}")
    if not isinstance(name, str) or not name.isidentifier():
        raise _wrong(file, node.lineno, f"{name!r} is no name for a part; take letters, digits and _")
    made, skip = node, _GIVEN.get(kind, 0)
    if isinstance(node, ast.ClassDef):
        made = next((one for one in node.body if getattr(one, "name", "") == "__init__"), None)
        skip += 1
    summary = (ast.get_docstring(node) or "").split("\n")[0]
    return Declared(kind, name, file, node.lineno, summary, _parameters(file, made, skip), origin)


def _parameters(file: Path, made: Any, skip: int) -> tuple[tuple[str, str, Any], ...]:
    if made is None:
        return ()
    given = [*made.args.posonlyargs, *made.args.args]
    defaults = [*[_REQUIRED] * (len(given) - len(made.args.defaults)), *made.args.defaults]
    pairs = [*zip(given, defaults, strict=True)][skip:]
    pairs += zip(made.args.kwonlyargs, (one or _REQUIRED for one in made.args.kw_defaults), strict=True)
    found = []
    for argument, default in pairs:
        if default is _REQUIRED or argument.annotation is None:
            lacks = "a default" if default is _REQUIRED else "a type"
            raise _wrong(
                file,
                argument.lineno,
                f"parameter {argument.arg!r} lacks {lacks}: write name: type = default",
            )
        try:
            value = ast.literal_eval(default)
            kinds = _types(argument.annotation)
        except ValueError as problem:
            raise _wrong(file, argument.lineno, f"parameter {argument.arg!r}: {problem}") from problem
        found.append((argument.arg, kinds, list(value) if isinstance(value, tuple) else value))
    return tuple(found)


def _types(node: Any) -> str:
    """Return an annotation in the words of a yaml's comment."""
    text = ast.unparse(node)
    known = {"list[int]": "list of int", "list[str]": "list of str", "None": "null", "Path": "path"}
    known |= {one: one for one in ("int", "float", "bool", "str")}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return f"{_types(node.left)} | {_types(node.right)}"
    if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
        return " | ".join(str(ast.literal_eval(one)) for one in getattr(node.slice, "elts", [node.slice]))
    if text not in known:
        raise ValueError(f"type {text!r} is not one of {', '.join(known)}, Literal[...], joined by |; or write a yaml")
    return known[text]


def module_name(file: Path) -> str:
    """Return the name that a file is imported under: a distribution's own, else one of its content."""
    if file in installed():
        return installed()[file][1]
    return f"darkhar_parts_{sha256(str(file).encode() + file.read_bytes()).hexdigest()[:12]}"


_begun: dict[str, Path] = {}  # modules imported from here, by name


def is_outside(module: str) -> bool:
    """Whether a module was imported as a user's own part."""
    return module in _begun


def file_of(module: str) -> Path | None:
    """Return the file that a user's own module was imported from: a process that unpickles what it defines has to load
    it first."""
    return _begun.get(module)


def load(file: Path) -> None:
    """Import a file, once for each of its contents.

    Raises:
        BadRequest: it fails; names file and line.
    """
    name = module_name(file)
    _begun[name] = file
    if name in sys.modules:
        return
    if file in installed():
        importlib.import_module(name.rpartition(".")[0] or name)
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise BadRequest(f"{file} is no Python file")
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as problem:
        del sys.modules[name]
        line, trace = 1, problem.__traceback__
        while trace:
            line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(file) else line
            trace = trace.tb_next
        raise _wrong(file, line, f"{type(problem).__name__}: {problem}") from problem
