"""The optimizers of `train.optimizer`, with every setting written out: none is left to Keras's own defaults.

Keras's `adamw` would decay weights by 0.004 where nothing is said. Here a decay of 0 is none, whatever the rule; above
0 it is decoupled from the gradient (Loshchilov and Hutter, 2019) and takes `learning_rate * weight_decay` of every
trained weight, biases included, at each step. Gradients are neither clipped nor accumulated, weights not averaged.
"""

from typing import Any

import keras

from darkhar_cli.config.settings import TrainSettings

_PLAIN = {
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,  # read with use_ema alone, and so is the next
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
_ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False}  # Kingma and Ba, 2015, but for epsilon
RULES: dict[str, tuple[type, dict[str, Any]]] = {
    "adam": (keras.optimizers.Adam, _ADAM),
    "adamw": (keras.optimizers.AdamW, _ADAM),
    "sgd": (keras.optimizers.SGD, {"momentum": 0.0, "nesterov": False}),
    "rmsprop": (keras.optimizers.RMSprop, {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7, "centered": False}),
}
_SCALE = {"initial_scale": 2.0**15, "dynamic_growth_steps": 2000}  # of the loss in float16; overflowing steps are left


def make_optimizer(train: TrainSettings) -> Any:
    """Return a fresh optimizer.

    Args:
        train: whose optimizer, learning_rate and weight_decay are taken.
    """
    build, values = RULES[train.optimizer]
    decay = train.weight_decay or (0.0 if train.optimizer == "adamw" else None)  # AdamW takes no None
    optimizer = build(learning_rate=train.learning_rate, weight_decay=decay, **values, **_PLAIN)
    if keras.config.dtype_policy().name == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer, **_SCALE)
    return optimizer
