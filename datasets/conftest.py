"""The folder that prepared data of tests live in: never the user's own."""

from tests.conftest import home, little_to_collect

__all__ = ["home", "little_to_collect"]
