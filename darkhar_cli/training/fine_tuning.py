"""Fine-tuning: an extractor that learns more slowly than the classifier, and only once that has learnt something.

Every optimizer here moves a weight by its rate times something that does not depend on the rate, so to keep a share of
the way that a step went is to have taken it at that share of the rate; decoupled decay included.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf


def share_of(rate: float, warm_up: int, epoch: int) -> float:
    """Return the share of a step that an extractor goes in an epoch (from 0): none while the classifier learns alone.

    Args:
        rate: the extractor's step size as a share of the classifier's.
        warm_up: epochs in which the classifier learns alone.
        epoch: from 0.
    """
    return 0.0 if epoch < warm_up else rate


class SlowExtractors:
    """Keeps a share of what a step has changed in extractors; at 0 they stay as they were, statistics included.

    Args:
        models: the extractors that learn.

    Attributes:
        share: of the step; a variable, so that nothing is traced again.
    """

    def __init__(self, models: Sequence[Any]):
        self._weights = [v for model in models for v in model.trainable_variables]
        others = [v for model in models for v in model.non_trainable_variables]
        self._statistics = [v for v in others if tf.as_dtype(v.dtype).is_floating]
        self.share = tf.Variable(1.0, trainable=False, dtype=tf.float32)

    def during(self, step: Callable[[], Any]) -> Any:
        """Take a step, keep a share of it; return what the step returns. To be called outside of single devices."""
        shares = [(v, self.share) for v in self._weights]
        shares += [(v, tf.cast(self.share > 0, tf.float32)) for v in self._statistics]
        before = [tf.identity(variable.value) for variable, _ in shares]
        made = step()
        for (variable, share), old in zip(shares, before, strict=True):
            variable.assign(old + tf.cast(share, old.dtype) * (tf.identity(variable.value) - old))
        return made
