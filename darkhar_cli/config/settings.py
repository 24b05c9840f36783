"""The settings of training and of the runtime, typed: what code below a configuration is given in place of it.

Their fields are the keys of `conf/train/*.yaml` and `conf/runtime/*.yaml`, which also hold their meaning, their
defaults and what is allowed; a mapping is checked against those files (`schema.check`) before it comes here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from darkhar_cli.errors import unknown


@dataclass(frozen=True)
class Settings:
    """Settings of one group; a subclass's fields are the group's keys."""

    @classmethod
    def from_config(cls, node: Mapping[str, Any]) -> Self:
        """Return the settings of a configuration's checked node; what an older run did not know has its default.

        Raises:
            BadRequest: a setting that there is not: the node was not checked.
        """
        names = [field.name for field in fields(cls)]
        for key in node:
            if key not in names and key != "name":  # a yaml may have a name for itself
                raise unknown(f"setting in {cls.__name__}", key, names)
        return cls(**{name: node[name] for name in names if name in node})


@dataclass(frozen=True)
class TrainSettings(Settings):
    """How a fold's model is trained; see `conf/train/default.yaml`."""

    epochs: int = 30
    optimizer: str = "adam"
    learning_rate: float = 0.001
    schedule: str = "constant"
    weight_decay: float = 0.0
    batch_per_class: int = 2
    balanced_batches: bool = False
    class_weight: str = "none"
    early_stopping: bool = True
    patience: int = 3
    warm_up: int = 15
    inner_share: float = 0.2
    shuffle_labels: str = "none"
    precision: str = "auto"
    deterministic: bool = True
    mode: str = "auto"
    accumulate: int = 1
    distribute: str = "none"
    extractor_rate: float = 1.0
    extractor_warm_up: int = 0


@dataclass(frozen=True)
class RuntimeSettings(Settings):
    """What computes frozen features; see `conf/runtime/auto.yaml`."""

    name: str = "auto"
    precision: str = "float32"
