"""The last layers of a classifier."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from darkhar_cli.errors import BadRequest

SOLVERS = ("gradient", "lbfgs")


@keras.saving.register_keras_serializable("darkhar")
class LogisticRegression(layers.Dense):
    """Multinomial logistic regression whose weights are solved for, (B, S) -> logits (B, K) float32.

    Its objective is the mean cross-entropy + l2 * the sum of the squared kernel; `training.logistic_solver` finds
    its minimum. Trained by gradient it has the same objective.

    Args:
        units: K.
        l2: weight of the squared kernel, above 0.
    """

    def __init__(self, units: int, l2: float, **kwargs: Any):
        kept = {"dtype": "float32", "kernel_regularizer": keras.regularizers.L2(l2)}
        super().__init__(units, **(kwargs | kept))
        self.l2 = l2

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "l2": self.l2}


def logits(x: Any, n_classes: int, l2: float = 0.0) -> Any:
    """Return logits (B, K) float32 of x (B, S), trained by gradient; the loss gets l2 * the sum of squared weights."""
    regularizer = keras.regularizers.L2(l2) if l2 else None
    return layers.Dense(n_classes, kernel_regularizer=regularizer, dtype="float32", name="logits")(x)


def solved_logits(x: Any, n_classes: int, l2: float, solver: str, gain: float = 0.0, noise: float = 0.0) -> Any:
    """Return logits (B, K) float32 of x (B, S), trained by gradient or solved for.

    Args:
        x: what the logits are linear in.
        n_classes: K.
        l2: weight of the squared kernel in the loss.
        solver: `gradient` or `lbfgs`.
        gain, noise: what the classifier's inputs are disturbed by in training.

    Raises:
        BadRequest: an unknown solver, or what lbfgs cannot do.
    """
    if solver not in SOLVERS:
        raise BadRequest(f"classifier.solver={solver!r}: allowed is {' | '.join(SOLVERS)}")
    if solver == "gradient":
        return logits(x, n_classes, l2)
    if not l2 > 0:
        raise BadRequest(
            f"classifier.l2={l2:g} with classifier.solver=lbfgs: give l2 > 0; without it the weights of classes that "
            "can be told apart grow without end"
        )
    if gain or noise:
        raise BadRequest(
            f"classifier.gain={gain:g} classifier.noise={noise:g}: they draw anew at each step of classifier.solver="
            "gradient; lbfgs takes no steps, give 0"
        )
    return LogisticRegression(n_classes, l2, name="logits")(x)


def dense_layers(x: Any, dense: Sequence[int], dropout: float) -> Any:
    """Return x (B, S) after dense layers with ReLU, each after dropout."""
    for width in dense:
        x = layers.Dropout(dropout)(x) if dropout else x
        x = layers.Dense(width, activation="relu")(x)
    return x
