"""darkhar: experiments in human action recognition in dark video.

    import darkhar_cli as dk

    run = dk.train("dataset=video_folder", "dataset.root=clips", "enhance=gamma")
    run.summary

Nothing heavy is imported until a function is used; `load_model` of Keras finds the layers of saved models.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from darkhar_cli import saved_classes

if TYPE_CHECKING:
    from darkhar_cli.errors import BadRequest, DarkharError, FailedWork
    from darkhar_cli.interface.comparing import Comparison, compare
    from darkhar_cli.interface.data import open_clips, plan_folds
    from darkhar_cli.interface.models import build_model
    from darkhar_cli.interface.runs import RunResult, SweepResult, load_run, load_sweep
    from darkhar_cli.interface.training import sweep, train

__version__ = "0.1.0"
__all__ = [
    "BadRequest",
    "Comparison",
    "DarkharError",
    "FailedWork",
    "RunResult",
    "SweepResult",
    "build_model",
    "compare",
    "load_run",
    "load_sweep",
    "open_clips",
    "plan_folds",
    "sweep",
    "train",
]
_PLACES = {
    "errors": ("BadRequest", "DarkharError", "FailedWork"),
    "interface.comparing": ("Comparison", "compare"),
    "interface.data": ("open_clips", "plan_folds"),
    "interface.models": ("build_model",),
    "interface.runs": ("RunResult", "SweepResult", "load_run", "load_sweep"),
    "interface.training": ("sweep", "train"),
}
saved_classes.install()


def __getattr__(name: str) -> Any:
    for place, names in _PLACES.items():
        if name in names:
            globals()[name] = found = getattr(import_module(f"{__name__}.{place}"), name)
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
