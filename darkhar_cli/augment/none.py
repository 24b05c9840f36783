"""Training clips as they are."""

from darkhar_cli.augment.contract import Augmentation
from darkhar_cli.registry import register


@register("augment", "none")
class Unchanged(Augmentation):
    """Changes nothing."""

    outcomes = 1
