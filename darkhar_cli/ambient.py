"""What surrounds a run: settings of its libraries that come neither from its words nor from its data.

Keras reads `keras.json` and `KERAS_BACKEND`; TensorFlow and what it stands on read switches from the environment. What
a run needs is set here, whatever those say; a switch that may change numbers belongs to the run's identity and to the
key of its features; what cannot work is refused.
"""

import os
from collections.abc import Mapping

from darkhar_cli.errors import BadRequest
from darkhar_cli.paths import home

_PREFIXES = ("TF_", "TF2_", "XLA_", "KERAS_", "ONEDNN_", "DNNL_", "NVIDIA_TF32", "CUBLAS_", "CUDNN_", "OPENCV_", "OV_")
# They say where to compute, what to log and how to share memory. OpenCV's are about logs and cameras, but for these.
_HARMLESS = ("TF_CPP_", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR", "TF_GPU_THREAD_", "TF_PROFIL", "TF_DUMP_")
_HARMLESS += ("KERAS_HOME", "KERAS_BACKEND", "XLA_PYTHON_CLIENT_", "ONEDNN_VERBOSE", "DNNL_VERBOSE", "OPENCV_")
# Terraform's, which begins its own with TF_ too.
_HARMLESS += ("TF_CLI_", "TF_VAR_", "TF_LOG", "TF_DATA_DIR", "TF_WORKSPACE", "TF_INPUT", "TF_IN_AUTOMATION")
_HARMLESS += ("TF_TOKEN_", "TF_PLUGIN_", "TF_REGISTRY_", "TF_IGNORE", "TF_HTTP_", "TF_STATE_", "TF_CLOUD_", "TF_ACC")
_NOT_HARMLESS = ("OPENCV_CPU_DISABLE", "OPENCV_IPP", "OPENCV_OPENCL_")
# As unset: what TensorFlow takes by itself.
_DEFAULTS = {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_DETERMINISTIC_OPS": "0", "TF_CUDNN_DETERMINISTIC": "0"}
_DEFAULTS |= {"TF_USE_LEGACY_KERAS": "0", "TF2_BEHAVIOR": "1"}
_NO = ("", "0", "false", "no", "off")


def prepare_environment() -> None:
    """Set what must stand in the environment before TensorFlow is imported, and refuse what a run cannot work with.

    Raises:
        BadRequest: another backend of Keras, Keras 2, or TensorFlow 1.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its start-up messages are not for users
    if os.environ.get("DARKHAR_HOME") and os.path.expanduser("~") == "~":
        os.environ["HOME"] = str(home())  # without one libraries make a folder named ~ where they are
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise BadRequest(f"KERAS_BACKEND={backend}: darkhar runs on tensorflow; unset KERAS_BACKEND")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # else keras.json chooses
    if os.environ.get("TF_USE_LEGACY_KERAS", "").lower() not in _NO:
        raise BadRequest("TF_USE_LEGACY_KERAS asks for Keras 2, and darkhar needs Keras 3; unset TF_USE_LEGACY_KERAS")
    if os.environ.get("TF2_BEHAVIOR", "1").lower() in _NO:
        raise BadRequest("TF2_BEHAVIOR asks for TensorFlow 1, and darkhar needs 2; unset TF2_BEHAVIOR")


def settle_keras() -> None:
    """Give Keras its own defaults, whatever a keras.json says; to be called before anything is built."""
    import keras

    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")


def switches(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment's switches that may change numbers, but for those that say what holds anyway."""
    given = os.environ if environment is None else environment
    return {
        name: value
        for name, value in sorted(given.items())
        if name.startswith(_PREFIXES)
        and (name.startswith(_NOT_HARMLESS) or not name.startswith(_HARMLESS))
        and value not in ("", _DEFAULTS.get(name))
    }


def refuse_lost_folder() -> None:
    """Refuse to work in a folder that is not there any more.

    Raises:
        BadRequest: the working directory has been deleted.
    """
    try:
        os.getcwd()
    except OSError as problem:
        raise BadRequest(
            f"the working directory is gone ({problem.strerror}); change to a folder that exists"
        ) from problem
