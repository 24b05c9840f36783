"""One step of training: the loss of some clips, its gradient, the optimizer's move."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from darkhar_cli.models.fusion import MeanLogProbability


def take_step(
    model: Any, learning: Sequence[Any], forward: Callable[[], Sequence[Any]], labels: Any, weights: Any
) -> tuple[Any, Any]:
    """Take one step of a model's optimizer, each of its branches trained as if alone.

    Args:
        model: whose trainable variables move, by its optimizer.
        learning: the models whose penalties belong to the loss.
        forward: gives each learning branch's logits, (B, K) float32, in training.
        labels: (B,) int32.
        weights: (B,) float32, of each clip's cross-entropy.

    Returns:
        B x what the step minimises (the mean weighted cross-entropy and penalties, mean over branches), and how many
        clips the fused logits get right.
    """
    with tf.GradientTape() as tape:
        logits = list(forward())
        losses = [
            keras.losses.sparse_categorical_crossentropy(labels, of_branch, from_logits=True) for of_branch in logits
        ]
        loss = tf.add_n([tf.reduce_mean(weights * loss) for loss in losses])
        penalties = [penalty for branch in learning for penalty in branch.losses]
        loss += tf.add_n(penalties) if penalties else 0.0
        scaled = model.optimizer.scale_loss(loss)  # as mixed_float16 wants it
    variables = model.trainable_variables
    model.optimizer.apply(tape.gradient(scaled, [v.value for v in variables]), variables)
    fused = logits[0] if len(logits) == 1 else MeanLogProbability()(logits)
    right = tf.equal(tf.argmax(fused, axis=1, output_type=tf.int32), labels)
    share = tf.cast(tf.size(labels), tf.float32) / len(logits)
    return loss * share, tf.reduce_sum(tf.cast(right, tf.float32))


def balanced_weights(labels: Sequence[int], n_classes: int) -> np.ndarray:
    """Return each class's weight (K,) float64 such that all that occur weigh alike and a clip weighs 1 on average.

    N / (classes that occur x the class's clips), as in King and Zeng, Logistic regression in rare events data (2001).
    """
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / ((counts > 0).sum() * np.maximum(counts, 1))
