"""Training on several devices, `train.distribute`, by tf.distribute.

Keras's own distribution API does nothing on TensorFlow in Keras 3.15: its backend is a marked prototype that leaves
every value on one device (`keras/src/backend/tensorflow/distribution_lib.py`, `distribute_value`).
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from darkhar_cli import device
from darkhar_cli.errors import BadRequest


def devices() -> list[str]:
    """Return the names of the devices that training can be spread over: all GPUs, or without one all logical CPUs."""
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return [f"{one.device_type}:{one.name.rpartition(':')[2]}" for one in found]


@contextlib.contextmanager
def distributed(how: str) -> Iterator[str]:
    """Build and train models inside the block as `train.distribute` says; yield in words on what, empty for one device.

    Raises:
        BadRequest: there are not several devices.
    """
    if how == "none":
        yield ""
        return
    with _mirrored().scope():
        names = devices()
        yield f"{len(names)} devices: {', '.join(names)}"
    device.clear_session()


def _mirrored() -> Any:
    names = devices()
    if len(names) < 2:
        raise BadRequest(
            f"train.distribute=mirrored: TensorFlow sees one device here ({names[0]}); take train.distribute=none, or "
            "for less memory train.accumulate=2"
        )
    return tf.distribute.MirroredStrategy(names)
