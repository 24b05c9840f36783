"""What every classifier takes beside its own parameters; its yaml is `conf/shared/classifier.yaml`."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

Builder = Callable[..., Any]


@dataclass(frozen=True)
class InputOptions:
    """What a classifier does with its features first, in this order; `head_inputs` builds it.

    Attributes:
        channels: names of the channels used, in the wanted order, or `all`.
        centre: names of the channels whose mean over the clip is taken off, or `all`.
        instance_norm: divide each clip's channel by its deviation over time, see `InstanceNorm`.
        standardize: mean 0 and variance 1 over the training clips' steps, see `Standardize`.
        clip: then limit to -clip..clip.
        gain: then, in training, multiply each channel of each clip by exp(N(0, gain)).
        noise: then, in training, add N(0, noise) to each step.
    """

    channels: str | Sequence[str] = "all"
    centre: str | Sequence[str] = ()
    instance_norm: bool = False
    standardize: bool = False
    clip: float | None = None
    gain: float = 0.0
    noise: float = 0.0


_NAMES = tuple(field.name for field in fields(InputOptions))


def with_inputs(**defaults: Any) -> Callable[[Builder], Builder]:
    """Let a classifier's builder take every field of `InputOptions` as a parameter of its own.

    Called as `builder(timeline, n_classes, units=8, centre="all")`, it is given `inputs=InputOptions(centre="all")`;
    its signature, which the yaml files are held to, lists its own parameters, then these.

    Args:
        defaults: where this classifier's differ.
    """
    usual = InputOptions(**defaults)

    def decorate(builder: Builder) -> Builder:
        own = inspect.signature(builder)

        @wraps(builder)
        def built(*args: Any, **parameters: Any) -> Any:
            given = {name: parameters.pop(name) for name in _NAMES if name in parameters}
            return builder(*args, inputs=InputOptions(**{**vars(usual), **given}), **parameters)

        kind = inspect.Parameter.KEYWORD_ONLY
        kept = [parameter for name, parameter in own.parameters.items() if name != "inputs"]
        shared = [
            inspect.Parameter(field.name, kind, default=getattr(usual, field.name), annotation=field.type)
            for field in fields(InputOptions)
        ]
        built.__signature__ = own.replace(parameters=[*kept, *shared])  # type: ignore[attr-defined]
        return built

    return decorate
