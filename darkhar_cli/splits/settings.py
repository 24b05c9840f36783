"""The settings of cross-validation, typed; their meaning and defaults stand in `conf/cv/*.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from darkhar_cli.errors import unknown

_BY_FOLDS = ("folds", "seed")
# What each scheme takes: the parameters of its yaml file, in their order.
TAKES: dict[str, tuple[str, ...]] = {
    "auto": _BY_FOLDS,
    "stratified": _BY_FOLDS,
    "stratified_group": _BY_FOLDS,
    "repeated": ("folds", "repeats", "seed"),
    "holdout": ("share", "seed"),
    "leave_one_group_out": (),
    "leave_group_per_class_out": ("repeats", "seed"),
    "official": (),
    "paper": (),
}


@dataclass(frozen=True)
class CvSettings:
    """How clips are divided into folds; what a scheme does not take is None.

    Attributes:
        name: the scheme.
        folds: how many folds; None where `auto` or `repeated` choose by the data.
        repeats: how many divisions, or drawn combinations of groups (None: all).
        share: of the training clips to hold out, above 0 and below 1; None takes the official held-out split.
        seed: of the draws; None takes the run's.
    """

    name: str
    folds: int | None = None
    repeats: int | None = None
    share: float | None = None
    seed: int | None = None

    @classmethod
    def from_config(cls, node: Mapping[str, Any]) -> Self:
        """Return the settings of a configuration's checked `cv` node.

        Raises:
            BadRequest: a setting that there is not: the node was not checked.
        """
        names = [field.name for field in fields(cls)]
        for key in node:
            if key not in names:
                raise unknown("setting of cv", key, names)
        return cls(**node)

    def node(self) -> dict[str, Any]:
        """Return the `cv` node of a configuration that has these settings."""
        return {"name": self.name, **{key: getattr(self, key) for key in TAKES[self.name]}}

    @property
    def takes_seed(self) -> bool:
        """Whether the scheme draws anything."""
        return "seed" in TAKES.get(self.name, ())
