"""The settings of cross-validation, typed; their meaning and defaults stand in `conf/cv/*.yaml`."""

from dataclasses import dataclass
from typing import Any

from darkhar_cli.config.settings import Settings

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
class CvSettings(Settings):
    """How clips are divided into folds; what a scheme does not take is None.

    Attributes:
        name: the scheme.
        folds: how many folds; None where `auto` or `repeated` choose by the data.
        repeats: how many divisions, or drawn combinations of groups (None: all).
        share: of the training clips to hold out, above 0 and below 1; None takes the official held-out split.
        seed: of the draws; None takes the run's.
        only: the fold that a job trains alone, counted over all repeats; it changes no division.
    """

    name: str
    folds: int | None = None
    repeats: int | None = None
    share: float | None = None
    seed: int | None = None
    only: int | None = None

    def node(self) -> dict[str, Any]:
        """Return the `cv` node of a configuration that divides clips so."""
        return {"name": self.name, **{key: getattr(self, key) for key in TAKES[self.name]}}

    @property
    def takes_seed(self) -> bool:
        """Whether the scheme draws anything."""
        return "seed" in TAKES.get(self.name, ())
