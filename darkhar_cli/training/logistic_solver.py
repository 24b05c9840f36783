"""The last layer of a classifier, where it is a logistic regression, solved for instead of trained.

The multinomial logistic regression minimises mean cross-entropy + l2 * sum of squared weights; the biases are free.
The objective is convex, so there is one answer and no learning rate, batch or seed in it (scikit-learn's L-BFGS).
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from darkhar_cli.classifiers.blocks.logits import LogisticRegression
from darkhar_cli.errors import FailedWork
from darkhar_cli.training.adapt import Batches, inputs_of

_MOST_STEPS = 20_000
_TOLERANCE = 1e-8  # largest component of the gradient at the answer
_NEVER = 20.0  # a class without training clips has its logit this far below the lowest of the others


def solvable(model: Any) -> LogisticRegression | None:
    """Return the layer of a classifier that is solved for, if it has one."""
    last = model.layers[-1]
    return last if isinstance(last, LogisticRegression) else None


def solve(
    model: Any, batches: Batches, labels: Sequence[int] | np.ndarray, class_weights: np.ndarray | None = None
) -> tuple[float, float]:
    """Set a classifier's last layer to the minimum of its objective over the training clips.

    Args:
        model: a classifier with a solvable layer, its other layers adapted.
        batches: features (n, T, F) and mask (n, T) of the training clips.
        labels: (N,) class numbers of all of them, in the same order.
        class_weights: (K,) of each class's cross-entropy; None for all alike.

    Returns:
        mean cross-entropy (nats, without the penalty and unweighted) and accuracy on these clips.

    Raises:
        ValueError: nothing to solve for.
        FailedWork: no minimum was found, or a clip's values are not finite.
    """
    layer = solvable(model)
    if layer is None:
        raise ValueError(f"classifier {model.name!r} has no layer to solve for")
    given = inputs_of(model, layer)
    rows = np.concatenate([given(features, mask) for features, mask in batches]).astype(np.float64)
    if not np.isfinite(rows).all():
        raise FailedWork(f"classifier {model.name!r}: a training clip's values are not finite")
    labels = np.asarray(labels)
    kernel, bias = minimum(rows, labels, layer.units, layer.l2, class_weights)
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)
    logits = rows @ kernel + bias
    loss = logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]
    return float(loss.mean()), float((logits.argmax(axis=1) == labels).mean())


def minimum(
    rows: np.ndarray, labels: np.ndarray, n_classes: int, l2: float, class_weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel (S, K) and bias (K,) float64 of the logistic regression of labels (N,) on rows (N, S).

    With class weights (K,) each row's cross-entropy counts by its class's; the mean is over rows as before.
    A class without rows gets a zero kernel and a bias that makes it the last choice.

    Raises:
        FailedWork: no minimum was found.
    """
    present = np.unique(labels)
    kernel, bias = np.zeros((rows.shape[1], n_classes)), np.zeros(n_classes)
    if len(present) > 1:
        weights = None if class_weights is None else class_weights[labels]
        kernel[:, present], bias[present] = _fit(rows, labels, l2, weights)
    missing = np.setdiff1d(np.arange(n_classes), present)
    bias[missing] = (rows @ kernel[:, present] + bias[present]).min() - _NEVER
    return kernel, bias


def _fit(rows: np.ndarray, labels: np.ndarray, l2: float, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning  # slow to import, and few runs need it
    from sklearn.linear_model import LogisticRegression as Solver

    two = len(np.unique(labels)) == 2
    # Of two classes scikit-learn fits the difference w of the rows +-w / 2, whose squares sum to |w|^2 / 2.
    strength = 1 / ((1 if two else 2) * l2 * len(rows))
    solver = Solver(C=strength, solver="lbfgs", tol=_TOLERANCE, max_iter=_MOST_STEPS)
    with warnings.catch_warnings():
        # It also warns where float64 ends before the tolerance is met, which is an answer.
        warnings.simplefilter("ignore", ConvergenceWarning)
        solver.fit(rows, labels, sample_weight=weights)
    if solver.n_iter_.max() >= _MOST_STEPS:
        raise FailedWork(f"lbfgs found no minimum in {_MOST_STEPS} steps; give a larger classifier.l2 than {l2:g}")
    weights, bias = solver.coef_.T, solver.intercept_
    if two:
        return np.hstack([-weights / 2, weights / 2]), np.concatenate([-bias / 2, bias / 2])
    return weights, bias
