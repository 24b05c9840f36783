"""Training on several devices, `train.distribute`, by tf.distribute.

Keras's own distribution API does nothing on TensorFlow in Keras 3.15: its backend is a marked prototype that leaves
every value on one device (`keras/src/backend/tensorflow/distribution_lib.py`, `distribute_value`).
"""

import contextlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import tensorflow as tf

from darkhar_cli import device
from darkhar_cli.errors import BadRequest, FailedWork


def devices() -> list[str]:
    """Return the names of the devices that training can be spread over: all GPUs, or without one all logical CPUs."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [f"{one.device_type}:{one.name.rpartition(':')[2]}" for one in found]


@contextlib.contextmanager
def distributed(how: str) -> Iterator[str]:
    """Build and train models inside the block as `train.distribute` says; yield in words on what, empty for one device.

    Raises:
        BadRequest: there are not several devices.
        FailedWork: the other workers cannot be joined.
    """
    if how == "none":
        yield ""
        return
    strategy = _together() if how == "multi_worker" else _mirrored()
    with strategy.scope():
        many = strategy.num_replicas_in_sync
        yield f"{many} workers' devices" if how == "multi_worker" else f"{many} devices: {', '.join(devices())}"
    device.clear_session()


def _mirrored() -> Any:
    names = devices()
    if len(names) < 2:
        raise BadRequest(
            f"train.distribute=mirrored: TensorFlow sees one device here ({names[0]}); take train.distribute=none, or "
            "for less memory train.accumulate=2"
        )
    return tf.distribute.MirroredStrategy(names)


@cache
def _together() -> Any:
    """Join the workers that TF_CONFIG names, once in a process: TensorFlow does so before it does anything else."""
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as problem:
        raise FailedWork(f"train.distribute=multi_worker: the workers cannot be joined: {problem}") from problem


def agreed(values: Mapping[str, float]) -> dict[str, float]:
    """Return worker 0's values in every worker, so that all stop after the same epoch whatever their processors."""
    strategy = tf.distribute.get_strategy()
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None or not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return dict(values)
    first = resolver.task_id == 0
    own = tf.constant([value if first else 0.0 for value in values.values()], tf.float64)

    def counted() -> Any:
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.where(tf.equal(number, 0), own, tf.zeros_like(own))

    summed = strategy.reduce("SUM", strategy.run(tf.function(counted)), axis=None)
    return dict(zip(values, summed.numpy().tolist(), strict=True))
