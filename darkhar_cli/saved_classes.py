"""Lets Keras find the classes of saved models by itself, without importing Keras or TensorFlow before it is used.

Keras looks a registered class up in one dict of its module `object_registration`. A hook on that module's import puts
a dict in its place that imports our modules when a name of ours (`darkhar>...`) is looked up and is not there.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

_KERAS = "keras.src.saving.object_registration"  # private to Keras: a test says where this breaks
_OURS = "darkhar>"
_PACKAGES = ("models", "classifiers", "classifiers.blocks", "extractors")


class _Objects(dict[str, Any]):
    """Registered name -> class or function; ours are imported when one is wanted."""

    _complete = False

    def __contains__(self, name: object) -> bool:
        if not super().__contains__(name) and isinstance(name, str) and name.startswith(_OURS):
            self._import_ours()
        return super().__contains__(name)

    def __missing__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise KeyError(name)

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, default) if name in self else default

    def _import_ours(self) -> None:
        if self._complete:
            return
        for package in _PACKAGES:
            place = import_module(f"{__package__}.{package}")
            for module in iter_modules(place.__path__):
                import_module(f"{place.__name__}.{module.name}")
        self._complete = True


def _replace(module: ModuleType) -> None:
    found = getattr(module, "GLOBAL_CUSTOM_OBJECTS", None)
    if type(found) is dict:
        module.GLOBAL_CUSTOM_OBJECTS = _Objects(found)  # type: ignore[attr-defined]


class _Replacing(Loader):
    """The loader of Keras's module, and the dict replaced behind it."""

    def __init__(self, loader: Loader):
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        _replace(module)


class _Finder(MetaPathFinder):
    """Finds Keras's module as Python does, and nothing else."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        if name != _KERAS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Replacing(spec.loader)
        return spec


def install() -> None:
    """Let Keras find our classes, whether it has been imported already or will be."""
    if _KERAS in sys.modules:
        _replace(sys.modules[_KERAS])
    elif not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
