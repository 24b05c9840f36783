"""The model that learns: made fresh for each fold, shown batches, asked for logits.

One model, traced once, serves every fold and seed of its shape in a process: `renew` gives it the weights, random
states and optimizer of a newly built model (its weights hash is kept as evidence).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from darkhar_cli import device
from darkhar_cli.extractors.contract import weights_hash

Inputs = Sequence[np.ndarray]  # features or frames, and mask
Batch = tuple[Inputs, np.ndarray]  # inputs, labels (B,)


def compile_model(model: Any, train: Mapping[str, Any]) -> None:
    """Give a model its optimizer and loss from the `train` settings."""
    rule = {"class_name": train["optimizer"], "config": {"learning_rate": train["learning_rate"]}}
    model.compile(
        optimizer=keras.optimizers.get(rule),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile="auto" if device.on_gpu() else False,  # XLA; Keras leaves it off in deterministic runs
    )
    model.optimizer.build(model.trainable_variables)


class Learner:
    """Trains a compiled model on frames, batch by batch.

    Args:
        model: takes [frames, mask].
        whole: what is saved.
        frozen: variables that training does not change.
    """

    def __init__(self, model: Any, whole: Any, frozen: Sequence[Any] = ()):
        self.model, self.whole = model, whole
        kept = {id(variable) for variable in frozen}
        variables = [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in kept]
        self._first = [(variable, ops.convert_to_numpy(variable)) for variable in variables]

    def renew(self) -> None:
        """Put everything that training changes back to its first value."""
        for variable, value in self._first:
            variable.assign(value)

    def weights_hash(self) -> str:
        """Return a hash of all weights as they are now."""
        return weights_hash(self.model)

    def train(self, batches: Iterable[Batch], size: int) -> dict[str, float]:
        """Take one step for each `size` clips of each batch; return mean loss and accuracy over all clips."""
        sums, count = {"loss": 0.0, "accuracy": 0.0}, 0
        for inputs, labels in batches:
            for start in range(0, len(labels), size):
                part = slice(start, start + size)
                self.model.reset_metrics()
                logs = self.model.train_on_batch([a[part] for a in inputs], labels[part], return_dict=True)
                sums = {key: total + float(logs[key]) * len(labels[part]) for key, total in sums.items()}
            count += len(labels)
        return {key: total / count for key, total in sums.items()}

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Return logits (B, K) float32 in scoring."""
        return self.model.predict_on_batch(list(inputs))

    def features(self, inputs: Inputs) -> np.ndarray:
        """Return what the classifier is given (B, T, F) in scoring."""
        return ops.convert_to_numpy(self.whole.per_frame(inputs[0]))

    def adaptable(self) -> list[Any]:
        """Return the classifier's layers that take statistics of the training clips' features."""
        head = getattr(self.whole, "classifier", self.whole)
        return [layer for layer in head.layers if hasattr(layer, "adapt")]


class _TracedHead:
    """A classifier with its training loop and its scoring, each traced once for any number of clips and frames."""

    def __init__(self, model: Any):
        self.model = model
        self.blank = [(v, ops.convert_to_numpy(v)) for v in model.optimizer.variables]
        features, mask = (tf.TensorSpec((None, None, *i.shape[2:]), i.dtype) for i in model.inputs)
        labels, size = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((), tf.int32)
        self.steps = tf.function(self._loop, input_signature=[features, mask, labels, size], autograph=False)
        self.score = tf.function(
            lambda *inputs: model(list(inputs), training=False), input_signature=[features, mask], autograph=False
        )

    def _loop(self, features: Any, mask: Any, labels: Any, size: Any) -> tuple[Any, Any]:
        """Take steps over (N, T, F) clips in order; return the sums of their losses and hits."""
        count = tf.shape(labels)[0]

        def step(start: Any, loss: Any, hits: Any) -> tuple[Any, Any, Any]:
            part = slice(start, start + size)
            losses, right = self._step(features[part], mask[part], labels[part])
            return start + size, loss + losses, hits + right

        first = (tf.constant(0), tf.constant(0.0), tf.constant(0.0))
        _, loss, hits = tf.while_loop(lambda at, *_: at < count, step, first, parallel_iterations=1)
        return loss, hits

    def _step(self, features: Any, mask: Any, labels: Any) -> tuple[Any, Any]:
        """Take one step of the optimizer; return the sums of the batch's losses and hits."""
        model, optimizer = self.model, self.model.optimizer
        with tf.GradientTape() as tape:
            logits = model([features, mask], training=True)
            losses = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            loss = tf.reduce_mean(losses) + (tf.add_n(model.losses) if model.losses else 0.0)
            scaled = optimizer.scale_loss(loss)  # as mixed_float16 wants it
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(scaled, [v.value for v in variables]), variables)
        right = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
        return loss * tf.cast(tf.size(labels), tf.float32), tf.reduce_sum(tf.cast(right, tf.float32))


class HeadLearner(Learner):
    """Trains a classifier on features in a compiled loop: Keras's own costs more per step than a small head."""

    def __init__(self, traced: _TracedHead, fresh: Any):
        self.model = self.whole = traced.model
        self._traced = traced
        values = [ops.convert_to_numpy(variable) for variable in fresh.variables]
        self._first = [*zip(traced.model.variables, values, strict=True), *traced.blank]

    def train(self, batches: Iterable[Batch], size: int) -> dict[str, float]:
        """Take one step for each `size` clips of each batch; return mean loss and accuracy over all clips."""
        sums, count = np.zeros(2), 0
        for (features, mask), labels in batches:
            sums += [float(total) for total in self._traced.steps(features, mask, labels.astype(np.int32), size)]
            count += len(labels)
        return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Return logits (B, K) float32 in scoring."""
        return self._traced.score(*inputs).numpy()

    def features(self, inputs: Inputs) -> np.ndarray:
        """Return what the classifier is given (B, T, F)."""
        return inputs[0]


_heads: OrderedDict[str, _TracedHead] = OrderedDict()
_MOST_HEADS = 8  # traced heads that a sweep's later jobs may meet again


def head_learner(shape: str, build: Callable[[], Any], train: Mapping[str, Any]) -> HeadLearner:
    """Return a learner whose first values are those of the classifier that `build` makes now.

    Args:
        shape: names everything but the random seed that the traced step depends on.
        build: makes a classifier; its weights are used, its layers only where this shape is new.
        train: the `train` settings.
    """
    fresh = build()
    key = f"{shape} {train['optimizer']} {train['learning_rate']} {keras.config.dtype_policy().name}"
    key += f" {device.deterministic()}"
    if key not in _heads:
        compile_model(fresh, train)
        _heads[key] = _TracedHead(fresh)
        while len(_heads) > _MOST_HEADS:
            _heads.popitem(last=False)
    _heads.move_to_end(key)
    return HeadLearner(_heads[key], fresh)
