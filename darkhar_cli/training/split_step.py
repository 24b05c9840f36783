"""One step of training in parts: the same clips and the same move of the optimizer, in less memory or on more devices.

A step's clips are cut into `accumulate` parts that are computed one after the other, and each part into one piece for
each device of the strategy in whose scope the model was built. Gradients are summed over all pieces before the
optimizer moves once, each piece counting by its clips, so that a step is what it would be on one device but for the
order of sums. What looks at a whole batch sees its piece alone: batch normalisation, and draws of dropout.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from darkhar_cli.models.fusion import MeanLogProbability
from darkhar_cli.training.fine_tuning import SlowExtractors

Forward = Callable[[Sequence[Any]], Sequence[Any]]


class SplitStep:
    """Takes steps of a compiled model's optimizer in parts; called as a traced step is.

    Args:
        model: compiled; whose trainable variables move.
        forward: inputs -> each branch's logits (B, K) float32, in training.
        signature: of labels, weights and inputs.
        accumulate: parts of a step that are computed one after the other.
        jit: compile with XLA; not where there are several devices.
        slow: extractors that learn more slowly than the rest, if some do.
    """

    def __init__(
        self,
        model: Any,
        forward: Forward,
        signature: Sequence[Any],
        accumulate: int,
        jit: bool,
        slow: SlowExtractors | None = None,
    ):
        self.model, self.forward, self.accumulate = model, forward, accumulate
        self.strategy = tf.distribute.get_strategy() if tf.distribute.has_strategy() else None
        on_read = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
        each = on_read if self.strategy else {}
        self._sums = [
            tf.Variable(tf.zeros(v.shape, v.dtype), trainable=False, **each) for v in model.trainable_variables
        ]
        how = {"autograph": False, "jit_compile": jit and self.strategy is None}
        self._add = tf.function(self._on_each, input_signature=[tf.TensorSpec((), tf.float32), *signature], **how)

        def move() -> Any:
            return self._run(self._apply, ())

        self._move = tf.function(lambda: slow.during(move) if slow else move(), autograph=False)

    def __call__(self, labels: np.ndarray, weights: np.ndarray, *inputs: np.ndarray) -> tuple[float, float]:
        """Take one step; return B x what it minimises, and how many clips the fused logits get right."""
        count, sums = len(labels), np.zeros(2)
        for part in np.array_split(np.arange(count), min(self.accumulate, count)):
            piece = slice(part[0], part[-1] + 1)
            totals = self._add(np.float32(count), labels[piece], weights[piece], *(array[piece] for array in inputs))
            sums += [float(total) for total in totals]
        self._move()
        return float(sums[0]), float(sums[1])

    def _run(self, function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        """Run a function on each device; return its sums over them."""
        if self.strategy is None:
            return function(*given)
        return tf.nest.map_structure(
            lambda value: self.strategy.reduce("SUM", value, axis=None), self.strategy.run(function, args=given)
        )

    def _on_each(self, count: Any, labels: Any, weights: Any, *inputs: Any) -> Any:
        return self._run(self._piece, (count, labels, weights, *inputs))

    def _piece(self, count: Any, *arrays: Any) -> tuple[Any, Any]:
        """Add the gradient of this device's clips; return its share of the losses, and its hits."""
        labels, weights, *inputs = self._mine(arrays)
        with tf.GradientTape() as tape:
            logits = list(self.forward(inputs))
            losses = [keras.losses.sparse_categorical_crossentropy(labels, one, from_logits=True) for one in logits]
            loss = tf.add_n([tf.reduce_sum(weights * loss) for loss in losses]) / count
            if self.model.losses:
                loss += tf.add_n(self.model.losses) * tf.cast(tf.size(labels), tf.float32) / count
            scaled = self.model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [v.value for v in self.model.trainable_variables])
        for held, gradient in zip(self._sums, gradients, strict=True):
            if gradient is not None:
                held.assign_add(tf.cast(tf.convert_to_tensor(gradient), held.dtype))
        fused = logits[0] if len(logits) == 1 else MeanLogProbability()(logits)
        right = tf.equal(tf.argmax(fused, axis=1, output_type=tf.int32), labels)
        return loss * count / len(logits), tf.reduce_sum(tf.cast(right, tf.float32))

    def _mine(self, arrays: Sequence[Any]) -> Sequence[Any]:
        """Return this device's rows of arrays, cut before they travel to it."""
        if self.strategy is None:
            return arrays
        replicas = self.strategy.num_replicas_in_sync
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        static = tf.get_static_value(number)
        number = number if static is None else int(static)
        count = tf.shape(arrays[0])[0]
        with tf.device("CPU:0"):
            return [array[number * count // replicas : (number + 1) * count // replicas] for array in arrays]

    def _apply(self) -> Any:
        """Move by what was added up; forget it."""
        self.model.optimizer.apply([tf.convert_to_tensor(held) for held in self._sums], self.model.trainable_variables)
        for held in self._sums:
            held.assign(tf.zeros_like(held))
        return tf.constant(0.0)
