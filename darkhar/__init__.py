"""darkhar, by its plain name: `import darkhar as dk` is `import darkhar_cli as dk`."""

from typing import TYPE_CHECKING, Any

import darkhar_cli

if TYPE_CHECKING:
    from darkhar_cli import *  # noqa: F403

__version__ = darkhar_cli.__version__
__all__ = darkhar_cli.__all__


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(darkhar_cli, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
