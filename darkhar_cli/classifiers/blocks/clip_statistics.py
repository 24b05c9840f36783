"""Statistics of a clip's channels over its real steps: the shape of a movement more than its amount."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from darkhar_cli.classifiers.blocks.normalisation import Float32Layer, masked_sum, steps_of
from darkhar_cli.classifiers.blocks.spectrum import spectrum

FLOW = ("u", "v", "length", "length_p90", "divergence")  # channels that the amounts of flow are of
AMOUNTS = (
    "log_abs_mean_u",
    "log_mean_abs_u",
    "log_mean_abs_v",
    "mean_v",
    "log_mean_length",
    "log_mean_length_p90",
    "abs_mean_divergence",
    "log_v_by_u",
    "log_p95_abs_v",
)
_BLOCKS = ("spectra", "change", "net", "means", "correlations", "flow")


def mean_of(x: Any, mask: Any) -> Any:
    """Return the mean of x (B, T, C) over the steps of mask (B, T), (B, C)."""
    return (masked_sum(x, mask) / steps_of(mask))[:, 0]


def change_of(x: Any, mask: Any) -> Any:
    """Return the mean of the last fifth of the steps minus that of the first, each at least one step, (B, C)."""
    steps, t = steps_of(mask)[:, :, 0], ops.arange(ops.shape(x)[1], dtype="float32")[None]
    fifth = ops.maximum(ops.floor((steps + 0.5) / 5), 1.0)  # the half: 5 / 5 may round down
    first, last = t < fifth, ops.logical_and(t >= steps - fifth, t < steps)
    return mean_of(x, last) - mean_of(x, first)


def net_of(x: Any, mask: Any) -> Any:
    """Return |change| / (path length + .1) of x (B, T, C), (B, C): near 1 for one way, near 0 for to and fro."""
    path = masked_sum(ops.abs(x[:, 1:] - x[:, :-1]), mask[:, 1:])[:, 0]
    return ops.abs(change_of(x, mask)) / (path + 0.1)


def gradient_of(x: Any, mask: Any) -> Any:
    """Return the time gradient of x (B, T, C): central differences, one-sided at both ends as `np.gradient` has it."""
    steps, t = steps_of(mask), ops.arange(ops.shape(x)[1], dtype="float32")[None, :, None]
    after = ops.where(t < steps - 1, ops.concatenate([x[:, 1:], x[:, -1:]], axis=1), x)
    before = ops.concatenate([x[:, :1], x[:, :-1]], axis=1)
    inside = ops.logical_and(t > 0, t < steps - 1)
    return (after - before) * ops.where(inside, 0.5, 1.0)


def correlation_of(a: Any, b: Any, mask: Any) -> Any:
    """Return the Pearson correlation of the time gradients of a and b (B, T, C), (B, C); 0 where one is constant."""
    a, b = gradient_of(a, mask), gradient_of(b, mask)
    a, b = a - mean_of(a, mask)[:, None], b - mean_of(b, mask)[:, None]
    both = mean_of(a * a, mask) * mean_of(b * b, mask)
    return mean_of(a * b, mask) / ops.sqrt(both + 1e-16)


def percentile_of(x: Any, mask: Any, share: float) -> Any:
    """Return the linearly interpolated quantile of x (B, T) over the steps of mask, (B,)."""
    ranked = ops.sort(ops.where(mask, x, np.finfo(np.float32).max), axis=1)
    last = steps_of(mask)[:, 0] - 1
    at = share * last
    low = ops.floor(at)
    pick = [ops.cast(ops.minimum(low + i, last), "int32") for i in (0, 1)]
    below, above = (ops.take_along_axis(ranked, i, axis=1)[:, 0] for i in pick)
    return below + (at - low)[:, 0] * (above - below)


def flow_amounts(x: Any, mask: Any) -> Any:
    """Return how much and which way optical flow x (B, T, 5: see `FLOW`) goes, (B, 9): see `AMOUNTS`."""
    size = mean_of(ops.abs(x), mask)
    mean = mean_of(x, mask)
    top = percentile_of(ops.abs(x[..., 1]), mask, 0.95)
    log = [ops.log(size[:, i] + 0.02) for i in range(4)]  # lengths have no sign
    found = [ops.log(ops.abs(mean[:, 0]) + 0.05), log[0], log[1], mean[:, 1], log[2], log[3], ops.abs(mean[:, 4])]
    return ops.stack([*found, log[1] - log[0], ops.log(top + 0.02)], axis=1)


@keras.saving.register_keras_serializable("darkhar")
class ClipStatistics(Float32Layer):
    """Statistics of each clip, (B, T, F) and mask (B, T) bool -> (B, S) float32; any T, padding unseen.

    Args:
        plan: what is taken of which features: `spectra`, `change`, `net`, `means` list where features stand,
            `correlations` pairs of them and whether the sign is dropped, `flow` the five of `FLOW` or none.
        names: of the S statistics, in order.
        fps: steps a second, where there are spectra.
    """

    def __init__(self, plan: Mapping[str, Sequence[Any]], names: Sequence[str], fps: float | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.plan = {block: [*plan.get(block, ())] for block in _BLOCKS}
        self.names, self.fps = list(names), fps

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` needs."""
        return {**super().get_config(), "plan": self.plan, "names": self.names, "fps": self.fps}

    def call(self, features: Any, mask: Any) -> Any:
        """Return the statistics."""
        x = ops.where(mask[..., None], features, 0.0)
        plan, found = self.plan, []
        if plan["spectra"]:
            assert self.fps is not None, "spectra need a rate; `plan_of` refuses them without"
            nine = spectrum(_take(x, plan["spectra"]), mask, self.fps)
            found.append(ops.reshape(nine, (-1, 9 * len(plan["spectra"]))))
        for block, statistic in (("change", change_of), ("net", net_of), ("means", mean_of)):
            if plan[block]:
                found.append(statistic(_take(x, plan[block]), mask))
        if plan["correlations"]:
            first, second, unsigned = zip(*plan["correlations"], strict=True)
            value = correlation_of(_take(x, first), _take(x, second), mask)
            found.append(ops.where(np.array(unsigned, bool), ops.abs(value), value))
        if plan["flow"]:
            found.append(flow_amounts(_take(x, plan["flow"]), mask))
        return ops.concatenate(found, axis=-1)

    def compute_output_spec(self, features: Any, mask: Any) -> Any:
        """Return (B, S) as float32."""
        return keras.KerasTensor((features.shape[0], len(self.names)), "float32")


def _take(x: Any, index: Sequence[int]) -> Any:
    return ops.take(x, np.array(index, "int32"), axis=-1)
