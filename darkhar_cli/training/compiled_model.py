"""The model that learns: made fresh for each fold, shown batches, asked for logits.

One model, traced once, serves every fold and seed of its shape in a process: `renew` gives it the weights, random
states and optimizer of a newly built model (its weights hash is kept as evidence).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from darkhar_cli import device
from darkhar_cli.config.settings import TrainSettings
from darkhar_cli.extractors.contract import weights_hash
from darkhar_cli.features.lru import LeastRecentlyUsed
from darkhar_cli.models.fusion import branches, mean_log_probability
from darkhar_cli.training.divergence import refuse_step
from darkhar_cli.training.fine_tuning import SlowExtractors
from darkhar_cli.training.optimizers import make_optimizer
from darkhar_cli.training.split_step import SplitStep
from darkhar_cli.training.train_step import take_step

Inputs = Sequence[np.ndarray]  # of every branch: features or frames, and mask
Batch = tuple[Inputs, np.ndarray]  # inputs, labels (B,)


def compile_model(model: Any, train: TrainSettings, outputs: int = 1) -> None:
    """Give a model its optimizer and loss from the `train` settings; each of its outputs is trained as if alone."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        optimizer=make_optimizer(train),
        loss=loss if outputs == 1 else [loss] * outputs,
        metrics=["accuracy"] if outputs == 1 else [["accuracy"]] * outputs,
        jit_compile="auto" if device.on_gpu() else False,  # XLA; Keras leaves it off in deterministic runs
        auto_scale_loss=False,  # the optimizer does
    )
    model.optimizer.build(model.trainable_variables)


def specs_of(model: Any) -> list[tf.TensorSpec]:
    """Return the signature of a model's inputs, for any number of clips and steps.

    A function that Keras traces, or that is traced by what it is given, is traced anew and laxer when another shape
    comes: its sums, and so its last bits, would depend on what its process ran before.
    """
    return [tf.TensorSpec((None, None, *i.shape[2:]), i.dtype) for i in model.inputs]


def _weights_of(labels: np.ndarray, class_weights: np.ndarray | None) -> np.ndarray:
    return np.ones(len(labels), np.float32) if class_weights is None else class_weights[labels].astype(np.float32)


_LABELS, _WEIGHTS = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None,), tf.float32)


class CompiledModel:
    """Trains a compiled model on frames, batch by batch; its step and its scoring are traced once, for any shape.

    Args:
        model: takes every branch's [frames, mask], gives each branch's logits.
        whole: what is saved.
        frozen: variables that training does not change.
        branches: how many of them.
        accumulate: parts that a step is computed in, one after the other.
        slow: extractors that learn more slowly than the rest, if some do.

    Attributes:
        learning: the branches that are trained by steps: `train` is given the inputs of these alone.
    """

    def __init__(
        self,
        model: Any,
        whole: Any,
        frozen: Sequence[Any] = (),
        branches: int = 1,
        accumulate: int = 1,
        slow: SlowExtractors | None = None,
    ):
        self.model, self.whole, self.branches, self.slow = model, whole, branches, slow
        self.learning = list(range(branches))
        kept = {id(variable) for variable in frozen}
        variables = [v for v in (*model.variables, *model.optimizer.variables) if id(v) not in kept]
        self._first = [(variable, ops.convert_to_numpy(variable)) for variable in variables]
        how = {"autograph": False, "jit_compile": bool(model.jit_compile)}
        signature = [_LABELS, _WEIGHTS, *specs_of(model)]
        self._step: Any = tf.function(self._take_step, input_signature=signature, **how)
        if accumulate > 1 or tf.distribute.has_strategy():
            self._step = SplitStep(model, self._logits, signature, accumulate, bool(model.jit_compile), slow)
        self._score = tf.function(lambda *i: model(list(i), training=False), input_signature=specs_of(model), **how)

    def _take_step(self, labels: Any, weights: Any, *inputs: Any) -> tuple[Any, Any]:
        def step() -> tuple[Any, Any]:
            return take_step(self.model, [self.model], lambda: self._logits(inputs), labels, weights)

        return self.slow.during(step) if self.slow else step()

    def _logits(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Return each branch's logits in training."""
        logits = self.model(list(inputs), training=True)
        return [logits] if self.branches == 1 else logits

    def renew(self) -> None:
        """Put everything that training changes back to its first value."""
        for variable, value in self._first:
            variable.assign(value)

    def set_rate(self, rate: float) -> None:
        """Set the step size of the next steps."""
        self.model.optimizer.learning_rate = rate

    def set_extractor_share(self, share: float) -> None:
        """Set how far the next steps move extractors, as a share of how far they move the rest."""
        if self.slow:
            self.slow.share.assign(share)

    def weights_hash(self) -> str:
        """Return a hash of all weights as they are now."""
        return weights_hash(self.model)

    def train(self, batches: Iterable[Batch], size: int, class_weights: np.ndarray | None = None) -> dict[str, float]:
        """Take one step for each `size` clips of each batch.

        Args:
            batches: of clips.
            size: clips a step.
            class_weights: (K,) of each class's cross-entropy; None for all alike.

        Returns:
            loss: the mean over all clips of what the steps minimised, penalties included, and accuracy, each step's
            before it was taken.

        Raises:
            NotFinite: a step's loss is not finite.
        """
        sums, count = np.zeros(2), 0
        for inputs, labels in batches:
            weights = _weights_of(labels, class_weights)
            for start in range(0, len(labels), size):
                part = slice(start, start + size)
                totals = self._step(labels[part].astype(np.int32), weights[part], *(array[part] for array in inputs))
                sums += [float(total) for total in totals]
                refuse_step(sums, count + start, count + min(start + size, len(labels)))
            count += len(labels)
        return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Return logits (B, K) float32 in scoring."""
        logits = self._score(*inputs)
        if self.branches == 1:
            return logits.numpy()
        return mean_log_probability([of_branch.numpy() for of_branch in logits])

    def features(self, branch: int, inputs: Inputs) -> np.ndarray:
        """Return what a branch's classifier is given (B, T, F) in scoring, from its frames and mask."""
        whole = self.whole if self.branches == 1 else self.whole.models[branch]
        return ops.convert_to_numpy(whole.per_frame(inputs[0]))

    def heads(self) -> list[Any]:
        """Return each branch's classifier."""
        wholes = [self.whole] if self.branches == 1 else self.whole.models
        return [whole.classifier for whole in wholes]


class _TracedHeads:
    """Classifiers with their training loop and their scoring, each traced once for any number of clips and frames."""

    def __init__(self, model: Any):
        self.model, self.branches = model, branches(model)
        self.learning = [i for i, head in enumerate(self.branches) if head.trainable_variables]
        self.blank = [(v, ops.convert_to_numpy(v)) for v in model.optimizer.variables]
        inputs = specs_of(model)
        trained = [spec for i in self.learning for spec in inputs[2 * i : 2 * i + 2]]
        signature = [_LABELS, _WEIGHTS, tf.TensorSpec((), tf.int32), *trained]
        self.steps = tf.function(self._loop, input_signature=signature, autograph=False)
        self.score = tf.function(
            lambda *inputs: model(list(inputs), training=False), input_signature=inputs, autograph=False
        )

    def _loop(self, labels: Any, weights: Any, size: Any, *inputs: Any) -> tuple[Any, Any]:
        """Take steps over N clips in order, (N, T, F) and mask of what learns; return the sums of losses and hits."""
        count = tf.shape(labels)[0]

        def step(start: Any, loss: Any, hits: Any) -> tuple[Any, Any, Any]:
            part = slice(start, start + size)
            losses, right = self._step([array[part] for array in inputs], labels[part], weights[part])
            return start + size, loss + losses, hits + right

        first = (tf.constant(0), tf.constant(0.0), tf.constant(0.0))
        _, loss, hits = tf.while_loop(lambda at, *_: at < count, step, first, parallel_iterations=1)
        return loss, hits

    def _step(self, inputs: Sequence[Any], labels: Any, weights: Any) -> tuple[Any, Any]:
        heads = [self.branches[i] for i in self.learning]

        def forward() -> Sequence[Any]:
            return [head(inputs[2 * i : 2 * i + 2], training=True) for i, head in enumerate(heads)]

        return take_step(self.model, heads, forward, labels, weights)


class CompiledHeads(CompiledModel):
    """Trains classifiers on features in a compiled loop: Keras's own costs more per step than a small head."""

    def __init__(self, traced: _TracedHeads, fresh: Any):
        self.model = self.whole = traced.model
        self.slow = None
        self.branches, self.learning = len(traced.branches), traced.learning
        self._traced = traced
        values = [ops.convert_to_numpy(variable) for variable in fresh.variables]
        self._first = [*zip(traced.model.variables, values, strict=True), *traced.blank]

    def train(self, batches: Iterable[Batch], size: int, class_weights: np.ndarray | None = None) -> dict[str, float]:
        """Take one step for each `size` clips of each batch, as `CompiledModel.train` does."""
        sums, count = np.zeros(2), 0
        for inputs, labels in batches:
            labels, weights = labels.astype(np.int32), _weights_of(labels, class_weights)
            sums += [float(total) for total in self._traced.steps(labels, weights, size, *inputs)]
            refuse_step(sums, count, count + len(labels))
            count += len(labels)
        return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}

    def logits(self, inputs: Inputs) -> np.ndarray:
        """Return logits (B, K) float32 in scoring."""
        return self._traced.score(*inputs).numpy()

    def features(self, branch: int, inputs: Inputs) -> np.ndarray:
        """Return what a branch's classifier is given (B, T, F)."""
        return inputs[0]

    def heads(self) -> list[Any]:
        """Return each branch's classifier."""
        return self._traced.branches


_MOST_HEADS = 8  # traced heads that a sweep's later jobs may meet again
_heads: LeastRecentlyUsed[str, _TracedHeads] = LeastRecentlyUsed(_MOST_HEADS)


def compiled_heads(shape: str, build: Callable[[], Any], train: TrainSettings) -> CompiledHeads:
    """Return a model whose first values are those of the classifier that `build` makes now.

    Args:
        shape: names everything but the random seed that the traced step depends on.
        build: makes a classifier; its weights are used, its layers only where this shape is new.
        train: the `train` settings.
    """
    fresh = build()
    settings = [train.optimizer, train.learning_rate, train.weight_decay]
    key = f"{shape} {settings} {keras.config.dtype_policy().name} {device.deterministic()}"
    traced = _heads.get(key)
    if traced is None:
        compile_model(fresh, train)
        traced = _TracedHeads(fresh)
        _heads.put(key, traced)
    return CompiledHeads(traced, fresh)
