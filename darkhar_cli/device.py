"""What a run computes on: precision, determinism, and the facts that run.json keeps of them."""

import contextlib
import platform
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.python.framework import config as tf_config  # the question has no public name
from tensorflow.python.framework import ops  # nor has the registry

from darkhar_cli import ambient

if ambient.threads():  # before anything is computed; several processes share the machine
    tf.config.threading.set_intra_op_parallelism_threads(ambient.threads())
    tf.config.threading.set_inter_op_parallelism_threads(ambient.threads())
ambient.settle_keras()  # here, as whatever builds a model for a run imports this first

_TRACED = "CustomGradient-"  # what TensorFlow calls the gradient function of a traced custom gradient
_PACKAGES = ("darkhar", "tensorflow", "keras", "numpy", "pandas", "scikit-learn", "av", "ai-edge-litert")
_PACKAGES += ("openvino", "opencv-python-headless")


def gpu_capability() -> tuple[int, int] | None:
    """Return the compute capability of the first GPU, or None without one."""
    for gpu in tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
    return None


def policy_for(precision: str, capability: tuple[int, int] | None) -> str:
    """Return the Keras dtype policy for `train.precision`.

    `auto` is mixed_float16 on a GPU with tensor cores (compute capability 7.0 on), else float32.
    """
    if precision != "auto":
        return precision
    return "mixed_float16" if capability and capability >= (7, 0) else "float32"


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build and run Keras models under a dtype policy, then restore the one before."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def deterministic() -> bool:
    """Return whether TensorFlow has been made deterministic."""
    return tf_config.is_op_determinism_enabled()


def make_deterministic() -> None:
    """Make TensorFlow give the same numbers at each run on this machine."""
    tf.config.experimental.enable_op_determinism()


def allow_nondeterminism() -> None:
    """Take `make_deterministic` back: a test's process goes on to others."""
    tf_config.disable_op_determinism()


def _commit() -> str | None:
    """Return the git commit of the source tree the program runs from, if it runs from one."""
    here = Path(__file__).resolve().parent.parent
    command = ["git", "-C", str(here), "rev-parse", "HEAD"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
        if found.returncode == 0 and (here / ".git").exists():
            return found.stdout.strip()
    return None


def facts(policy: str) -> dict[str, Any]:
    """Return versions, commit and device for run.json."""
    gpus = [
        tf.config.experimental.get_device_details(g).get("device_name", g.name)
        for g in tf.config.list_physical_devices("GPU")
    ]
    return {
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
        "git": _commit(),
        "device": gpus or name(),
        "precision": policy,
        "switches": ambient.switches(),
    }


def name() -> str:
    """Return the first GPU's name, or the kind of CPU."""
    for gpu in tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
    return f"CPU ({platform.machine()})"


def on_gpu() -> bool:
    """Return whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def clear_session() -> None:
    """Drop what Keras remembers of finished models, but keep the dtype policy.

    Inside the scope of several devices nothing is dropped: the scope would not find its way out. Its end does so.
    """
    if tf.distribute.has_strategy():
        return
    policy = keras.config.dtype_policy()
    keras.backend.clear_session()
    keras.config.set_dtype_policy(policy)


@contextlib.contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Let TensorFlow forget the gradient functions that it registers while the block runs.

    It keeps one for each custom gradient in each function that it traces, for ever, and with it the graph of that
    function: some 13 MB a job of a sweep. A step is traced together with its gradient, so nobody asks for them again.
    """
    known = ops.gradient_registry._registry
    before = set(known)
    try:
        yield
    finally:
        for name in [name for name in known if name.startswith(_TRACED) and name not in before]:
            del known[name]
