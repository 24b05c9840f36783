"""What decides a run's numbers: configuration, data and switches (`identity`), and the code behind them (`code_of`).

A run folder belongs to one identity. The code may change while it is filled, so each fold keeps the hash of what made
it, and folds of two programs never stand in one table.
"""

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib import metadata
from json import dumps
from pathlib import Path
from typing import Any

from darkhar_cli import ambient
from darkhar_cli.config.streams import streams_of
from darkhar_cli.errors import BadRequest
from darkhar_cli.files.hashes import hash_of
from darkhar_cli.runs.run_folder import Run
from darkhar_cli.splits.plan import Plan
from darkhar_cli.weights import fetching, lookup
from darkhar_cli.weights.companions import files_of

_NOT_IDENTITY = ("name", "fresh", "cache_dir", "controls", "final", "tracker")
_ADDED: Mapping[str, Mapping[str, Any]] = {  # runs are named as before where these say nothing
    "train": {"accumulate": 1, "distribute": "none", "extractor_rate": 1.0, "extractor_warm_up": 0},
    "extractor": {"unfreeze": "all"},
}
_HERE = Path(__file__).resolve().parent.parent
_PACKAGE = "darkhar_cli"
# Where a fold's numbers come from: cross-validation and who decides its labels, what they import, and so on; but for
# what only tells, waits, keeps or tabulates (which files are clips, with which bytes, is in the data's fingerprint).
_ROOTS = ("training.cross_validation", "splits.shuffling")
_ASIDE = ("ambient", "console", "errors", "labels", "native_stderr", "paths", "registry", "stopping")
_ASIDE += ("files", "metrics", "runs", "weights")
_ASIDE += ("features.feature_cache", "features.lru", "data.listing")
_ASIDE += ("training.progress_listener",)
_LIBRARIES = ("av", "numpy", "scipy", "scikit-learn", "opencv-python-headless", "tensorflow", "keras", "keras-cv")
_LIBRARIES += ("openvino", "ai-edge-litert")
Code = Mapping[str, str]  # source file (in the package) or library -> hash or version


def identity(config: Mapping[str, Any], fingerprint: str) -> str:
    """Return the hash of what decides a run's numbers: the configuration (chain order included), data and switches."""
    kept = {key: value for key, value in config.items() if key not in _NOT_IDENTITY}
    for group, plain in _ADDED.items():
        kept[group] = {key: value for key, value in config[group].items() if plain.get(key, _ADDED) != value}
    kept["dataset"] = {key: value for key, value in config["dataset"].items() if key != "data_dir"}
    kept["cv"] = {key: value for key, value in config["cv"].items() if key != "only"}  # a part of the same run
    streams = streams_of(config)
    kept["enhance"] = [[[name, values] for name, values in parts["enhance"].items()] for parts in streams.values()]
    kept["augment"] = [[name, values] for name, values in config["augment"].items()]
    kept["streams in order"] = list(streams)
    for weights in {_weights(parts["extractor"]) for parts in streams.values()}:
        if weights.is_absolute() and weights.exists():  # another file under the same name is another experiment
            kept[f"weights {weights}"] = content_of(weights)
    switches = ambient.switches()
    if switches:
        kept["switches"] = switches
    return sha256(dumps([kept, fingerprint], sort_keys=True).encode()).hexdigest()[:12]


def _weights(extractor: Mapping[str, Any]) -> Path:
    """Return the file an extractor's weights are read from; a word that names no file stands for itself."""
    needed = lookup.of_extractor(extractor) if extractor.get("weights") == "auto" else None
    return fetching.ensure(needed) if needed else Path(str(extractor.get("weights")))


def content_of(path: Path) -> str:
    """Return the hash of a file with those that it reads beside it, or of every file in a folder."""
    found = [[_within(path, one), hash_of(one)] for one in files_of(path)]
    return sha256(dumps(found).encode()).hexdigest()[:16]


def _within(path: Path, file: Path) -> str:
    return str(file.relative_to(path)) if file.is_relative_to(path) else file.name


def code_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the code that makes a run's folds: a hash of each source file that its parts and training read, and the
    versions of the libraries they use.

    Parts are imported for it, and so is TensorFlow.
    """
    from darkhar_cli import plugins, registry

    used = {("augment", name) for name in config["augment"]}
    for parts in streams_of(config).values():
        used |= {(kind, parts[kind]["name"]) for kind in ("sampler", "extractor", "classifier")}
        used |= {("enhance", name) for name in parts["enhance"]}
        if getattr(registry.get("sampler", parts["sampler"]["name"]), "wants_motion", False):
            used.add(("extractor", "motion"))
    modules = {registry.get(kind, name).__module__ for kind, name in used}
    files = {
        part.file
        for kind, name in {*used, ("dataset", config["dataset"]["name"])}
        if (part := plugins.find(kind, name))
    }
    for file in files:
        modules |= {f"{_PACKAGE}.{one}" for one in _imports_of(file)}
    inside = {one.removeprefix(f"{_PACKAGE}.") for one in modules if one.startswith(f"{_PACKAGE}.")}
    return _hashed(_closure({*_ROOTS, *inside}) | set(_LIBRARIES) | set(map(str, files)))


def _hashed(names: Iterable[str]) -> dict[str, str]:
    """Return the hash of each source file, empty where it is gone, and the version of each library."""
    found = {}
    for name in sorted(names):
        if name.endswith(".py"):
            path = _HERE / name
            found[name] = sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""
        else:
            found[name] = _version(name)
    return found


@cache
def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""


def _closure(modules: set[str]) -> set[str]:
    """Return the source files of modules (dotted, in the package) and of all that they import of the package."""
    found: set[str] = set()
    coming = sorted(modules)
    while coming:
        module = coming.pop()
        place = module.replace(".", "/")
        file = next((one for one in (f"{place}.py", f"{place}/__init__.py") if (_HERE / one).is_file()), None)
        if file is None or file in found or any(f"{module}.".startswith(f"{one}.") for one in _ASIDE):
            continue
        found.add(file)
        coming += _imports_of(_HERE / file)
    return found


def _imports_of(file: Path) -> list[str]:
    return _imports(file, file.stat().st_size, file.stat().st_mtime_ns)


@cache  # by size and time: the jobs of a sweep read each file once
def _imports(file: Path, size: int, changed: int) -> list[str]:
    """Return what a source file imports of the package, dotted; names that are no modules among them."""
    names = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            names += [one.name for one in node.names]
    return [name.removeprefix(f"{_PACKAGE}.") for name in names if name.startswith(f"{_PACKAGE}.")]


def mark_of(code: Code) -> str:
    """Return the hash of some code, as each fold keeps it."""
    return sha256(dumps(sorted(code.items())).encode()).hexdigest()[:12]


def changes(before: Code, now: Code) -> list[str]:
    """Return in words what is not as it was: names of source files, libraries with both versions."""
    changed = []
    for name in sorted({*before, *now}):
        old, new = before.get(name, ""), now.get(name, "")
        if old != new and name.endswith(".py"):
            changed.append(f"{name} is new" if not old else f"{name} is gone" if not new else f"{name} has changed")
        elif old != new:
            changed.append(f"{name} was {old or 'not there'} and is {new or 'gone'}")
    return changed


def changed_since(run: Run) -> str:
    """Return in words what code has changed since a run was made, or nothing; cheap, and without TensorFlow."""
    before = run.record().code
    return ", ".join(changes(before, _hashed(before)))


def refuse_other_code(run: Run, plan: Plan, code: Code) -> None:
    """Refuse to go on with a run whose finished folds other code has made.

    Raises:
        BadRequest: names what has changed.
    """
    finished = [fold for fold in plan.folds if run.has_fold(fold.repeat, fold.index)]
    if plan.carried and len(finished) < len(plan.folds):
        return  # all of them are trained again
    others = [fold for fold in finished if run.fold_facts(fold.repeat, fold.index).get("code") != mark_of(code)]
    if others:
        changed = ", ".join(changes(run.record().code, code)) or "what it was is not known"
        raise BadRequest(
            f"{run.folder} was begun with other code: {changed}. Its {len(others)} finished folds and new ones would "
            "be two programs in one table: give fresh=true for a new run beside it, or bring the old code back"
        )
